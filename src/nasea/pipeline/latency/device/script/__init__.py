"""The script that is copied to a device; alone in its folder, which Python adds to its path."""
