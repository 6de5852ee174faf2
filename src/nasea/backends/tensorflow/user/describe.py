"""Tensors in words, for messages."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def describe(value: object) -> str:
    """A nesting of tensors in short: types, shapes and, for whole numbers, the range."""
    if isinstance(value, tf.Tensor | tf.Variable | np.ndarray):
        dtype = tf.as_dtype(value.dtype)
        text = f"{dtype.name} {tuple(value.shape)}"
        if dtype.is_integer and hasattr(value, "__array__") and np.size(value):
            text += f" with values {np.min(value)} to {np.max(value)}"
        return text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {describe(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(describe(item) for item in value) + "]"
    return type(value).__name__
