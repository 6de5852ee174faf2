"""Trains a supernet, with PyTorch."""
