"""The user's module: imported, called in a directory of its own, its failures put in words."""
