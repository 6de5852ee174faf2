"""Latency profiles made and tried."""
