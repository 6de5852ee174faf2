"""What every long run has: a lock, a log, events, checkpoints, a way to stop."""
