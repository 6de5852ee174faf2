"""What reading data has in common in all frameworks."""
