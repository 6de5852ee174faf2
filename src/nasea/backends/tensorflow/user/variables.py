"""Lists the variables of a user's model, even if parts of it were never called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import tensorflow as tf

Values = list[Any]
_ASSERTION = "_assert_weights_created"


def gathered(
    model: Any, kind: Literal["variables", "trainable_variables", "non_trainable_variables"]
) -> Values:
    """Return the variables of a model, in the order of Keras.

    A submodel that was never called has none yet; Keras 2 would raise for it.
    """
    with _silenced(model):
        return [raw(variable) for variable in getattr(model, kind)]


def layers_of(model: Any) -> Iterator[Any]:
    """Yield the model and every layer inside it."""
    layers: Iterator[Any] = model._flatten_layers(include_self=True, recursive=True)
    return layers


def raw(variable: Any) -> tf.Variable:
    """Return the tf.Variable behind a variable of Keras 3."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def batch_normalisations(model: Any) -> Values:
    """Return the BatchNormalization layers of a model."""
    kind = tf.keras.layers.BatchNormalization
    return [layer for layer in layers_of(model) if isinstance(layer, kind)]


def count_parameters(model: Any) -> int:
    """Count the weights of a model, including frozen ones but not normalisation statistics."""
    statistics = {
        id(raw(variable))
        for layer in batch_normalisations(model)
        for name in ("moving_mean", "moving_variance")
        if (variable := getattr(layer, name, None)) is not None  # never called, it has none
    }
    weights = {id(v): v for v in gathered(model, "variables") if _is_weight(v)}
    return sum(int(np.prod(v.shape)) for key, v in weights.items() if key not in statistics)


def unused_layers(model: Any, read: Values) -> tuple[str, ...]:
    """Return layers none of whose trainable weights were read, each with its number of weights.

    Args:
        model: the model, after a call.
        read: the trainable variables that the call read.
    """
    known = {id(variable) for variable in read}
    found = []
    for layer in layers_of(model):
        own = [raw(v) for v in getattr(layer, "_trainable_weights", ())]
        if own and not any(id(variable) in known for variable in own):
            weights = sum(int(np.prod(variable.shape)) for variable in own)
            found.append(f"{layer.name} ({weights:,})")
    return tuple(found)


@contextmanager
def _silenced(model: Any) -> Iterator[None]:
    """Let submodels that were never called report no weights instead of raising."""
    unbuilt = [
        layer
        for layer in layers_of(model)
        if hasattr(layer, _ASSERTION) and not getattr(layer, "built", True)
    ]
    for layer in unbuilt:
        object.__setattr__(layer, _ASSERTION, lambda: None)
    try:
        yield
    finally:
        for layer in unbuilt:
            object.__delattr__(layer, _ASSERTION)


def _is_weight(variable: tf.Variable) -> bool:
    return bool(variable.dtype.is_floating)  # not a counter or the state of a random generator
