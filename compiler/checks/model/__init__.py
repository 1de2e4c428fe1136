"""What is wrong with the model, its adapter or its quantization."""
