"""What karin counts of itself, and the files in which its processes keep their counts for one of them to serve."""
