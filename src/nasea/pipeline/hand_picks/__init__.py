"""Networks that a person would scale by hand, trained beside a result."""
