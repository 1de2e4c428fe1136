"""The text artefacts as Jinja templates; structured files are never templates."""
