"""The part of the networks that all frameworks share: how an operation is described."""
