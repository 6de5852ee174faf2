"""The supernet of a run: pre-trained, trained path by path, opened again."""
