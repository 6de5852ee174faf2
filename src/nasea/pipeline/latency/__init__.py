"""Making and checking latency profiles."""
