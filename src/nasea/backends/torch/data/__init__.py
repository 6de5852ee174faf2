"""The user's data sets, with PyTorch."""
