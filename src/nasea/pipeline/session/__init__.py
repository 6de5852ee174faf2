"""Services for long runs: lock, log, events, checkpoints and stop requests."""
