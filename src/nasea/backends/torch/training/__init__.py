"""Training a supernet, with PyTorch."""
