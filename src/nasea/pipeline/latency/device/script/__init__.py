"""What is copied to a device; alone in its folder, which Python puts first on the path."""
