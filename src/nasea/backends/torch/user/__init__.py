"""The user's module, with PyTorch."""
