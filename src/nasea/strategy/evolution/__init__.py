"""NSGA-II and NSGA-III."""
