"""Scoring architectures, with PyTorch."""
