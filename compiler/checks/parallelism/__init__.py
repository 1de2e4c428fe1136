"""What is wrong with how ranks share a model."""
