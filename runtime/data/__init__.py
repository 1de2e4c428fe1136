"""From the user's files to the arrays that a rank reads."""
