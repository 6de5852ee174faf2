"""Checks before a run, and checks of how reliable its results are."""
