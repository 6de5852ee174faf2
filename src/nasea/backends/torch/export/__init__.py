"""Networks as files, with PyTorch."""
