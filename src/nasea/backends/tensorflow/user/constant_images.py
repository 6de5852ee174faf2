"""Makes images constants for gradients.

The backward pass of a ``tf.function`` extends to all its arguments, wanted or not. If a PreNet
begins with an operation that has no gradient (``RandomContrast``, a look-up table), that fails,
although no weight comes before it. TensorFlow stops at integer tensors. So images enter the graph
as the bits of their values and are cast back to numbers there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

_Function = Callable[..., Any]

# Unsigned: int32 tensors stay in host memory, even with a GPU.
_BITS = {2: tf.uint16, 4: tf.uint32, 8: tf.uint64}


def on_constant_images(apply: _Function, traced: Callable[[_Function], _Function]) -> _Function:
    """Return ``apply(images)`` as a graph with gradients for variables only.

    Args:
        apply: takes images.
        traced: turns a function into a graph.
    """
    graph = traced(lambda bits, kind: apply(tf.bitcast(bits, kind)))

    def train(images: Any) -> Any:
        kind = images.dtype
        return graph(tf.bitcast(images, _BITS[kind.size]), kind)

    return train
