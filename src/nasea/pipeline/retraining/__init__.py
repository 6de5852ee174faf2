"""A result trained in full."""
