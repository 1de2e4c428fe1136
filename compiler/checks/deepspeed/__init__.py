"""What is wrong with DeepSpeed's configuration."""
