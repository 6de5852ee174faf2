"""Networks as files: the formats, running and timing files, the runtimes of this host."""
