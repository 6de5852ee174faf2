"""Estimates how long a job takes from measurements, and plans jobs within a given time."""
