"""The part of training that all frameworks share."""
