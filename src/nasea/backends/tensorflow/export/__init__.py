"""Exports networks to files, with TensorFlow."""
