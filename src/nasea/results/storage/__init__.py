"""Writing result files and directories, complete or not at all."""
