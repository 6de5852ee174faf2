"""Keeps the layers that a user's model builds while it is called.

Keras creates such a layer, with new weights, in every call: it is never trained and not saved. Here
the first one is kept, identified by its class, its name if it was given one, and its position among
those of this class and name; later calls use it. A layer may record in ``build``, as was common in
Keras 2.2, the shape it was built for, including the batch size. A layer created in every call never
meets another batch size, but one that is kept does. Generated model files carry this module's
functions verbatim, so they need nothing but TensorFlow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


@contextmanager
def keeping_layers(model: Any) -> Iterator[None]:
    """Keep the layers with weights that ``model`` builds while it is called."""
    kind = tf.keras.layers.Layer
    original = kind.__call__
    owned = {id(layer) for layer in model._flatten_layers()}
    before = getattr(model, "layers_built_in_call", ())
    kept = {layer.kept_as: layer for layer in before}
    made: list[Any] = []
    counts: Counter[str] = Counter()
    inside = False  # a layer that was built in the call: what it calls is its own

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        if inside or id(layer) in owned:
            return original(layer, *args, **kwargs)
        name = type(layer).__qualname__
        automatic = re.sub(r"_\d+$", "", layer.name).replace("_", "") == name.lower()
        name = name if automatic else f"{name} {layer.name}"
        counts[name] += 1
        key = f"{name} {counts[name]}"
        inside = True
        try:
            outputs = original(kept.get(key, layer), *args, **kwargs)
        finally:
            inside = False
        if key not in kept and layer.weights:
            layer.kept_as = key
            made.append(layer)
        return outputs

    kind.__call__ = call
    try:
        yield
    finally:
        kind.__call__ = original
    if made:
        model.layers_built_in_call = [*before, *made]
    if any([free_batch(layer) for layer in [*model._flatten_layers(), *made]]):
        model.has_freed_batch = True


def free_batch(layer: Any) -> bool:
    """Let a layer that requires one batch size accept any; return whether it did."""
    freed = False
    for spec in tf.nest.flatten(getattr(layer, "input_spec", None)):
        shape = getattr(spec, "shape", None)
        if shape and shape[0] is not None and not getattr(layer, "stateful", False):
            spec.shape = (None, *shape[1:])
            freed = True
    return freed
