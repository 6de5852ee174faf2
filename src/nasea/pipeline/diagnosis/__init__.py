"""Checks before a run, and checks of how far its numbers can be trusted."""
