"""Architectures within a budget: chain costs, drawing by cost, enumeration, feasibility."""
