"""Exports networks to files, with PyTorch."""
