"""What is wrong with machines that are reached by ssh."""
