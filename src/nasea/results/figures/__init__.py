"""Figures of a front."""
