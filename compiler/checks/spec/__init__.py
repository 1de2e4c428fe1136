"""What is wrong with the spec as such."""
