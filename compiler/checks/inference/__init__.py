"""What is wrong with how prompts are answered."""
