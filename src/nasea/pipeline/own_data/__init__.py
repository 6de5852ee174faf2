"""``nasea init --data``: create a runnable project from a folder of data."""
