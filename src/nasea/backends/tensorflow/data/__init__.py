"""The user's data sets, with TensorFlow."""
