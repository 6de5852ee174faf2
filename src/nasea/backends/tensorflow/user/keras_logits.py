"""The logits that Keras attaches to the output of a softmax or a sigmoid.

``tf.keras.activations.softmax`` attaches its input to the tensor that it returns, and the
cross-entropies of Keras compute from that, which avoids the rounding of probabilities. A graph
returns tensors without their attributes, so the logits are returned separately and attached again.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_KEPT_AS = "_keras_logits"


def logits_of(outputs: Any) -> list[Any]:
    """Return the logits attached to each tensor of a nesting, in order; ``None`` for none."""
    return [getattr(tensor, _KEPT_AS, None) for tensor in tf.nest.flatten(outputs)]


def attach_logits(outputs: Any, logits: list[Any]) -> None:
    """Attach what :func:`logits_of` returned, in place."""
    for tensor, kept in zip(tf.nest.flatten(outputs), logits, strict=True):
        if kept is not None:
            setattr(tensor, _KEPT_AS, kept)


def has_logits(outputs: Any) -> bool:
    """Return whether any tensor of a nesting has logits attached."""
    return any(kept is not None for kept in logits_of(outputs))


def without_logits(outputs: Any) -> Any:
    """Return the same tensors without attached logits."""
    return tf.nest.map_structure(lambda x: tf.identity(x) if tf.is_tensor(x) else x, outputs)
