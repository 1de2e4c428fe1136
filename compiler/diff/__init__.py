"""What changes between two specs, two bundles or two revisions of one: in meaning, not in text."""
