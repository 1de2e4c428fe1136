"""What is wrong with containers, environments and secrets on any target."""
