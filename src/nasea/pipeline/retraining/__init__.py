"""Trains a result of a search in full."""
