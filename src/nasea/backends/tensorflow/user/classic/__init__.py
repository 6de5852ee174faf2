"""Imports files written for an earlier TensorFlow, and decides which version they see."""
