"""``nasea init --data``: from a folder of data to a project that runs."""
