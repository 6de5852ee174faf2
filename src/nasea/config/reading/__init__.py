"""From the text of a scenario file to values, and to everything wrong with it."""
