"""Training a supernet, with TensorFlow."""
