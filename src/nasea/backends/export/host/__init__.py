"""The runtimes of this machine: writing what they run, and timing it. No framework here."""
