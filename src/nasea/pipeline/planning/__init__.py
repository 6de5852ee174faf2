"""How long a job takes, measured and worked out, and plans that keep to a given time."""
