"""Files run on a device by a command of the user's, and what it prints read."""
