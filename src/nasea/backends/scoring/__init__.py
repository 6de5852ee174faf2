"""The part of scoring common to all frameworks."""
