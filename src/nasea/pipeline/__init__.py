"""From a scenario to results: the stages and what ties them together."""
