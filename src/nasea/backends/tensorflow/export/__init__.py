"""Networks as files, with TensorFlow."""
