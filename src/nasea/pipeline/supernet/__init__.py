"""The supernet of a run: pre-training, training by paths, and loading."""
