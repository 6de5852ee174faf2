"""The keys of a scenario: types, ranges, defaults, the rules between them."""
