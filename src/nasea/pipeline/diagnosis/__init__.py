"""What is known before a run, and how far its numbers can be trusted."""
