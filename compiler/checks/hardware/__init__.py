"""What the machines cannot do."""
