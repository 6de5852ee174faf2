"""Counts the FLOPs of a graph with TensorFlow's own profiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

MATRIX_PRODUCTS = (
    "Conv2D",
    "Conv2DBackpropInput",
    "Conv3D",
    "DepthwiseConv2dNative",
    "MatMul",
    "BatchMatMul",
    "BatchMatMulV2",
    "BatchMatMulV3",
)
"""Operators that are counted; additions, activations and normalisations are not (see nasea.cost).
"""


def count_flops(function: Callable[[Any], Any], inputs: Any) -> int:
    """Return the FLOPs (2 × MACs) of a function for tensors like ``inputs``, without running it."""
    specs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), inputs)
    graph = tf.function(function).get_concrete_function(specs).graph
    options = (
        tf.compat.v1.profiler.ProfileOptionBuilder(
            tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        )
        .with_empty_output()
        .build()
    )
    profile = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    return _matrix_products(profile)


def _matrix_products(node: Any) -> int:
    own = node.float_ops if node.name in MATRIX_PRODUCTS else 0
    return int(own) + sum(_matrix_products(child) for child in node.children)
