"""What is wrong with how long, how fast and towards what is trained."""
