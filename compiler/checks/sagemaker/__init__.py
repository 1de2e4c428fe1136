"""What SageMaker refuses, or takes silently."""
