"""What every long run needs: a lock, a log, events, checkpoints, a way to stop."""
