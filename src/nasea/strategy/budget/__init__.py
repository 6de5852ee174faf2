"""What a budget allows: the costs of a chain, drawing by cost, listing, feasibility."""
