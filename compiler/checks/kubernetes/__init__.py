"""What is wrong with a Kubernetes job."""
