"""The variables of a user's model, whatever of it was never called."""

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
    """The variables of a model, in the order of Keras.

    A model inside it that was never called has none as yet; Keras 2 refuses to say even that.
    """
    with _silenced(model):
        return [raw(variable) for variable in getattr(model, kind)]


def layers_of(model: Any) -> Iterator[Any]:
    """The model and every layer below it."""
    layers: Iterator[Any] = model._flatten_layers(include_self=True, recursive=True)
    return layers


def raw(variable: Any) -> tf.Variable:
    """The variable of TensorFlow behind one of Keras 3."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def batch_normalisations(model: Any) -> Values:
    """The layers of a model that normalise by the batch."""
    kind = tf.keras.layers.BatchNormalization
    return [layer for layer in layers_of(model) if isinstance(layer, kind)]


def count_parameters(model: Any) -> int:
    """Weights of a model without the statistics of its normalisations, frozen ones included."""
    statistics = {
        id(raw(variable))
        for layer in batch_normalisations(model)
        for name in ("moving_mean", "moving_variance")
        if (variable := getattr(layer, name, None)) is not None  # never called, it has none
    }
    weights = {id(v): v for v in gathered(model, "variables") if _is_weight(v)}
    return sum(int(np.prod(v.shape)) for key, v in weights.items() if key not in statistics)


def unused_layers(model: Any, read: Values) -> tuple[str, ...]:
    """Layers of which no trainable weight was read, each with the number of its weights.

    Args:
        model: after a call.
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
    """Have models inside ``model`` that were never called say that they have no weights."""
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
