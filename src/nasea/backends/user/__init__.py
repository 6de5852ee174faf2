"""The user's module: importing it, calling it, and reporting its failures."""
