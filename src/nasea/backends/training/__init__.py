"""What training has in common in all frameworks."""
