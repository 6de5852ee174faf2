"""Reads the text of a scenario file and reports everything that is wrong with it."""
