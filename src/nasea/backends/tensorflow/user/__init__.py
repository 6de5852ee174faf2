"""The user's module, with TensorFlow."""
