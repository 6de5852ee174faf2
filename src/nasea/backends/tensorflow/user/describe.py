"""Describes tensors for messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def describe(value: object) -> str:
    """Describe nested tensors: types, shapes and, for integers, the range of values.

    It never fails: anything it cannot inspect is described by its type.
    """
    if isinstance(value, tf.Tensor | tf.Variable | np.ndarray):
        return f"{_kind(value)} {_shape(value)}{_range(value)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {describe(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(describe(item) for item in value) + "]"
    return type(value).__name__


def _kind(value: Any) -> str:
    try:
        return str(tf.as_dtype(value.dtype).name)
    except TypeError:  # a NumPy type that TensorFlow lacks
        return str(value.dtype)


def _shape(value: Any) -> str:
    try:
        return str(tuple(value.shape))
    except ValueError:  # unknown while a graph is traced
        return "of any shape"


def _range(value: Any) -> str:
    if not hasattr(value, "__array__"):
        return ""
    try:
        values = np.asarray(value)
        whole = np.issubdtype(values.dtype, np.integer)
        return f" with values {values.min()} to {values.max()}" if whole and values.size else ""
    except (NotImplementedError, TypeError, ValueError, tf.errors.OpError):  # no values yet
        return ""
