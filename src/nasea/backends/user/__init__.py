"""The user's module: imports it, calls it and reports its failures."""
