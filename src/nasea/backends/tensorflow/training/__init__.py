"""Trains a supernet, with TensorFlow."""
