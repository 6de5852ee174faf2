"""Runs files on a device with a command of the user, and reads its output."""
