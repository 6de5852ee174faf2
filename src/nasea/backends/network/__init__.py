"""What the networks of all frameworks share: how an operation is described."""
