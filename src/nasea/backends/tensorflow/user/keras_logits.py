"""What Keras remembers of a softmax or a sigmoid: the values that went into it.

``tf.keras.activations.softmax`` keeps its input on the tensor that it returns, and the
cross-entropies of Keras compute from that, which is exact where probabilities are rounded. A
graph returns tensors without what was kept on them, so it is returned and put back apart.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_KEPT_AS = "_keras_logits"


def logits_of(outputs: Any) -> list[Any]:
    """What Keras kept on each tensor of a nesting, in order; ``None`` where it kept nothing."""
    return [getattr(tensor, _KEPT_AS, None) for tensor in tf.nest.flatten(outputs)]


def attach_logits(outputs: Any, logits: list[Any]) -> None:
    """Put back, in place, what :func:`logits_of` gave."""
    for tensor, kept in zip(tf.nest.flatten(outputs), logits, strict=True):
        if kept is not None:
            setattr(tensor, _KEPT_AS, kept)


def has_logits(outputs: Any) -> bool:
    """Whether Keras kept something on a tensor of a nesting."""
    return any(kept is not None for kept in logits_of(outputs))


def without_logits(outputs: Any) -> Any:
    """The same tensors with nothing kept on them."""
    return tf.nest.map_structure(lambda x: tf.identity(x) if tf.is_tensor(x) else x, outputs)
