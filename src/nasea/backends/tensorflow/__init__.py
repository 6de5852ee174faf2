"""The TensorFlow backend; importing it imports TensorFlow."""
