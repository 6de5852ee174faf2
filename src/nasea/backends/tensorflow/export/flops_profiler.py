"""FLOPs of a graph, by TensorFlow's own profiler."""

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
"""What counts; additions, activations and normalisations do not (as in nasea.cost)."""


def count_flops(function: Callable[[Any], Any], inputs: Any) -> int:
    """FLOPs (2 x MACs) of a function for tensors like ``inputs``; the function is not run."""
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
