"""What scoring has in common in all frameworks."""
