"""Images as constants for gradients.

The backward pass of a ``tf.function`` goes all the way to its arguments, wanted or not. Where a
PreNet begins with an operation that has no gradient (``RandomContrast``, a look-up table), that
fails, although no weight stands before it. TensorFlow stops at tensors of whole numbers; so images
go into the graph as the bits of their values and are read as numbers there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

_Function = Callable[..., Any]

# Unsigned: tensors of int32 live in the memory of the host, also where there is a GPU.
_BITS = {2: tf.uint16, 4: tf.uint32, 8: tf.uint64}


def on_constant_images(apply: _Function, traced: Callable[[_Function], _Function]) -> _Function:
    """``apply(images, True)`` as a graph that has gradients of variables only.

    Args:
        apply: of images and whether it is training.
        traced: makes a function a graph.
    """
    graph = traced(lambda bits, kind: apply(tf.bitcast(bits, kind), True))

    def train(images: Any) -> Any:
        kind = images.dtype
        return graph(tf.bitcast(images, _BITS[kind.size]), kind)

    return train
