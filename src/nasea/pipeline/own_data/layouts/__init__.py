"""The ways in which data sets lie in folders: a file each."""
