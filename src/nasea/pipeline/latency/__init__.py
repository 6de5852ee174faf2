"""Makes and checks latency profiles."""
