"""A search that a predictor assists."""
