"""Exports networks to files and compares them with the original."""
