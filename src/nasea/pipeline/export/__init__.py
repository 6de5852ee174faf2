"""A network as a file, compared with what it was made of."""
