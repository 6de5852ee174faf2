"""The operations in TensorFlow, on (N, H, W, C).

Each is described by its layers, and by the function of weights and statistics that a supernet runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from nasea.backends.network.operations import LayerCall, Operations, non_default
from nasea.backends.tensorflow.network.helpers import (
    Conv2D,
    Gate,
    GroupedConv2D,
    HardSigmoid,
    HardSwish,
    Subsample,
    Sum,
    strided_point,
)
from nasea.space import Act, Add, Conv, GlobalPool, Norm, Pool, Program, Scale, Tensor
from nasea.space.ops import NORM_EPS, NORM_MOMENTUM, leaves

Weights = dict[str, Any]
"""Weights by slot; kernels are (k, k, c_in / groups, c_out)."""
Normalise = Callable[[Any, Any, Any], Any]
"""(x, scale, shift) -> the normalised x; called in the order of the program."""

Item = TypeVar("Item")


def _keras(kind: Any, *arguments: Any, **options: Any) -> LayerCall:
    return LayerCall(kind, arguments, options, "layers")


OPERATIONS = Operations(
    "TensorFlow",
    lambda calls: LayerCall(tf.keras.Sequential, (calls,), namespace="tf.keras"),
    _keras(tf.keras.layers.Identity),
)
"""The functions of the operations take (operation, input, weights, normalise)."""


def _conv_layers(op: Conv, fresh: bool) -> list[LayerCall]:
    layers = tf.keras.layers
    pads = op.stride > 1 and op.kernel > 1  # "same" would pad more on the right and bottom
    options = non_default(
        strides=(op.stride, 1),
        padding=("valid" if pads or op.kernel == 1 else "same", "valid"),
        use_bias=(op.bias, True),
    )
    if op.groups == 1 and op.kernel == 1 and op.stride > 1:
        conv = LayerCall(Conv2D, (op.c_out, op.kernel), options)
    elif op.groups == 1:
        conv = _keras(layers.Conv2D, op.c_out, op.kernel, **options)
    elif op.groups == op.c_in:
        multiplier = non_default(depth_multiplier=(op.c_out // op.c_in, 1))
        conv = _keras(layers.DepthwiseConv2D, op.kernel, **multiplier, **options)
    else:
        options = {"groups": op.groups, **options}
        conv = LayerCall(GroupedConv2D, (op.c_out, op.kernel), options)
    return [_keras(layers.ZeroPadding2D, op.kernel // 2), conv] if pads else [conv]


def _conv(op: Conv, x: Any, weights: Weights, normalise: Normalise) -> Any:
    x = _convolve(op, x, weights[f"{op.slot}/weight"])
    return tf.nn.bias_add(x, weights[f"{op.slot}/bias"]) if op.bias else x


def _convolve(op: Conv, x: Any, kernel: Any) -> Any:
    padding = "SAME"
    if op.stride > 1 and op.kernel > 1:
        side = op.kernel // 2
        x = tf.pad(x, ((0, 0), (side, side), (side, side), (0, 0)))
        padding = "VALID"
    if op.groups == op.c_in and op.groups > 1:
        shape = (op.kernel, op.kernel, -1, op.c_out // op.c_in)
        strides = (1, op.stride, op.stride, 1)
        return tf.nn.depthwise_conv2d(x, tf.reshape(kernel, shape), strides, padding)

    def convolve(x: Any, kernel: Any) -> Any:
        if op.stride > 1 and op.kernel == 1:
            # The built-in gradient writes out of bounds in oneDNN (docs/decisions/0066).
            return strided_point(x, kernel, op.stride)
        return tf.nn.conv2d(x, kernel, op.stride, padding)

    if op.groups == 1:
        return convolve(x, kernel)
    # TensorFlow has no gradient of grouped convolutions on CPUs.
    pairs = zip(tf.split(x, op.groups, 3), tf.split(kernel, op.groups, 3), strict=True)
    return tf.concat([convolve(a, b) for a, b in pairs], 3)


def _norm_layers(op: Norm, fresh: bool) -> list[LayerCall]:
    options = {"momentum": 1 - NORM_MOMENTUM, "epsilon": NORM_EPS}
    return [_keras(tf.keras.layers.BatchNormalization, **options)]


def _norm(op: Norm, x: Any, weights: Weights, normalise: Normalise) -> Any:
    return normalise(x, weights[f"{op.slot}/scale"], weights[f"{op.slot}/shift"])


def _act_layers(op: Act, fresh: bool) -> list[LayerCall]:
    layers = tf.keras.layers
    if op.kind in ("hswish", "hsigmoid"):
        return [LayerCall(HardSwish if op.kind == "hswish" else HardSigmoid)]
    if op.kind in ("sigmoid", "silu"):
        return [_keras(layers.Activation, "swish" if op.kind == "silu" else op.kind)]
    return [_keras(layers.ReLU, *([6.0] if op.kind == "relu6" else []))]


def _hsigmoid(x: Any) -> Any:
    return tf.nn.relu6(x + 3.0) * (1.0 / 6.0)


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "sigmoid": tf.sigmoid,
    "hsigmoid": _hsigmoid,
    "hswish": lambda x: x * _hsigmoid(x),
    "silu": lambda x: x * tf.sigmoid(x),
}


def _act(op: Act, x: Any, weights: Weights, normalise: Normalise) -> Any:
    return _ACTIVATIONS[op.kind](x)


def _pool_layers(op: Pool, fresh: bool) -> list[LayerCall]:
    layers = tf.keras.layers
    kind = layers.MaxPooling2D if op.kind == "max" else layers.AveragePooling2D
    pool = _keras(kind, op.kernel, strides=1, padding="same")
    # A strided pool is computed with stride 1 and then subsampled.
    return [pool, LayerCall(Subsample, (op.stride,))] if op.stride > 1 else [pool]


def _global_pool_layers(op: GlobalPool, fresh: bool) -> list[LayerCall]:
    return [_keras(tf.keras.layers.GlobalAveragePooling2D, keepdims=True)]


def _add_layers(op: Add, fresh: bool) -> list[LayerCall]:
    return [LayerCall(Sum, tuple(map(OPERATIONS.describe, op.branches)))]


def _add(op: Add, x: Any, weights: Weights, normalise: Normalise) -> Any:
    branches = [OPERATIONS.run(branch, x, weights, normalise) for branch in op.branches]
    return branches[0] if len(branches) == 1 else tf.add_n(branches)


def _scale_layers(op: Scale, fresh: bool) -> list[LayerCall]:
    return [LayerCall(Gate, (OPERATIONS.describe(op.gate),))]


def _scale(op: Scale, x: Any, weights: Weights, normalise: Normalise) -> Any:
    return x * OPERATIONS.run(op.gate, x, weights, normalise)


OPERATIONS.add(Conv, _conv_layers, _conv)
OPERATIONS.add(Norm, _norm_layers, _norm)
OPERATIONS.add(Act, _act_layers, _act)
OPERATIONS.add(Pool, _pool_layers)
OPERATIONS.add(GlobalPool, _global_pool_layers)
OPERATIONS.add(Add, _add_layers, _add)
OPERATIONS.add(Scale, _scale_layers, _scale)


def slot_layout(axes: Sequence[Item]) -> tuple[Item, ...]:
    """Reorder four axes from (c_out, c_in, k, k) to (k, k, c_in, c_out).

    Any other number of axes is returned unchanged.
    """
    if len(axes) != 4:
        return tuple(axes)
    c_out, c_in, high, wide = axes
    return (high, wide, c_in, c_out)


def norms_of(program: Program) -> list[Norm]:
    """Return the normalisations of a program, in order."""
    return [op for op in leaves(program) if isinstance(op, Norm)]


def batch_statistics(x: Any, scale: Any, shift: Any) -> Any:
    """Normalise with batch statistics."""
    return tf.compat.v1.nn.fused_batch_norm(x, scale, shift, epsilon=NORM_EPS)[0]


def batch_statistics_kept(kept: list[Any]) -> Normalise:
    """Like :func:`batch_statistics`, but append mean and (unbiased) variance to ``kept``."""

    def normalise(x: Any, scale: Any, shift: Any) -> Any:
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, scale, shift, epsilon=NORM_EPS)
        kept.extend((mean, variance))
        return y

    return normalise


def given_statistics(values: Sequence[Any]) -> Normalise:
    """Normalise with ``values``: mean and variance of each normalisation, in order."""
    rest = iter(values)

    def normalise(x: Any, scale: Any, shift: Any) -> Any:
        return tf.compat.v1.nn.fused_batch_norm(
            x, scale, shift, next(rest), next(rest), epsilon=NORM_EPS, is_training=False
        )[0]

    return normalise


def initial_values(tensor: Tensor, generator: tf.random.Generator) -> Any:
    """Return initial values in slot layout: weights He-normal over fan-out, scales 1, others 0."""
    shape = slot_layout(tensor.shape)
    if tensor.kind == "weight":
        fan_out = tensor.shape[0] * tensor.shape[2] * tensor.shape[3]
        return generator.normal(shape, stddev=(2 / fan_out) ** 0.5)
    return tf.ones(shape) if tensor.kind == "scale" else tf.zeros(shape)
