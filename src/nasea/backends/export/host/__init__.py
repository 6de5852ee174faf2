"""The runtimes of this machine: writing their files and timing them, without a framework."""
