"""What is wrong with a Slurm job."""
