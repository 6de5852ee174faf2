"""Compares results of a search with networks scaled by hand."""
