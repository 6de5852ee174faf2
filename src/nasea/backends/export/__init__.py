"""Networks as files: the formats, how a file is run and timed, the runtimes of this host."""
