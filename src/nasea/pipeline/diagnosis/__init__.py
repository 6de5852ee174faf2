"""Checks before a run, and of how far its numbers can be trusted."""
