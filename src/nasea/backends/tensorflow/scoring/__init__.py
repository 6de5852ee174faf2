"""Scoring architectures, with TensorFlow."""
