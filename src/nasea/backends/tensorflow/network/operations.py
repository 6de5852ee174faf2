"""The vocabulary as TensorFlow operations on (N, H, W, C), with weights and statistics given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from nasea.space import Act, Add, Conv, GlobalPool, Norm, Pool, Program, Scale
from nasea.space.ops import NORM_EPS, leaves

Weights = dict[str, Any]
Normalise = Callable[[Any, Any, Any], Any]
"""(x, scale, shift) -> the normalised x."""

Item = TypeVar("Item")


def slot_layout(axes: Sequence[Item]) -> tuple[Item, ...]:
    """Reorder what the vocabulary has for (c_out, c_in, k, k) to (k, k, c_in, c_out).

    What has one axis stays as it is.
    """
    if len(axes) != 4:
        return tuple(axes)
    c_out, c_in, high, wide = axes
    return (high, wide, c_in, c_out)


def norms_of(program: Program) -> list[Norm]:
    """The normalisations of a program, in its order."""
    return [op for op in leaves(program) if isinstance(op, Norm)]


def run_program(program: Program, x: Any, weights: Weights, normalise: Normalise) -> Any:
    """Apply a program.

    Args:
        program: what to do.
        x: (N, H, W, C).
        weights: by slot, kernels as (k, k, c_in / groups, c_out).
        normalise: called for the normalisations, in the order of the program.
    """
    for op in program:
        if isinstance(op, Conv):
            x = convolve(op, x, weights[f"{op.slot}/weight"])
            if op.bias:
                x = tf.nn.bias_add(x, weights[f"{op.slot}/bias"])
        elif isinstance(op, Norm):
            x = normalise(x, weights[f"{op.slot}/scale"], weights[f"{op.slot}/shift"])
        elif isinstance(op, Act):
            x = ACTIVATIONS[op.kind](x)
        elif isinstance(op, Pool):
            x = pool(op, x)
        elif isinstance(op, GlobalPool):
            x = tf.reduce_mean(x, (1, 2), keepdims=True)
        elif isinstance(op, Add):
            branches = [run_program(branch, x, weights, normalise) for branch in op.branches]
            x = branches[0] if len(branches) == 1 else tf.add_n(branches)
        else:
            assert isinstance(op, Scale)
            x = x * run_program(op.gate, x, weights, normalise)
    return x


def convolve(op: Conv, x: Any, kernel: Any) -> Any:
    """The convolution of ``op`` without its bias; pads ``kernel // 2`` on every side."""
    padding = "SAME"
    if op.stride > 1 and op.kernel > 1:
        side = op.kernel // 2
        x = tf.pad(x, ((0, 0), (side, side), (side, side), (0, 0)))
        padding = "VALID"
    if op.groups == op.c_in and op.groups > 1:
        shape = (op.kernel, op.kernel, -1, op.c_out // op.c_in)
        strides = (1, op.stride, op.stride, 1)
        return tf.nn.depthwise_conv2d(x, tf.reshape(kernel, shape), strides, padding)
    return grouped_convolution(x, kernel, op.groups, op.stride, padding)


def grouped_convolution(x: Any, kernel: Any, groups: int, stride: int, padding: str) -> Any:
    """A convolution in groups of channels, each by itself.

    TensorFlow has no gradient of a grouped convolution on CPUs.
    """
    if stride > 1 and kernel.shape[:2] == (1, 1):
        return strided_point(x, kernel, groups, stride)
    return _convolved(x, kernel, groups, stride, padding)


def _convolved(x: Any, kernel: Any, groups: int, stride: int, padding: str) -> Any:
    if groups == 1:
        return tf.nn.conv2d(x, kernel, stride, padding)
    pairs = zip(tf.split(x, groups, 3), tf.split(kernel, groups, 3), strict=True)
    return tf.concat([tf.nn.conv2d(a, b, stride, padding) for a, b in pairs], 3)


def strided_point(x: Any, kernel: Any, groups: int, stride: int) -> Any:
    """A convolution with a kernel of 1 and a stride, whose gradient is computed without the stride.

    TensorFlow's own gradient of it writes past its memory on processors with AVX-512, where the
    channels are few (oneDNN in TensorFlow 2.21; docs/decisions/0066). Such a convolution reads
    every ``stride``-th value and no other: picking those and convolving them without a stride is
    the same function. The forward half stays one operation, as exported files need it.

    Args:
        x: (N, H, W, C).
        kernel: (1, 1, C / groups, c_out).
        groups: of channels, each convolved by itself.
        stride: in both directions.

    Returns:
        (N, ceil(H / stride), ceil(W / stride), c_out).
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolved(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], Any]]:
        def gradient(upstream: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch([x, kernel])
                # A mean of single values picks them, faster than slices do.
                picked = tf.nn.avg_pool2d(x, 1, stride, "SAME")
                y = _convolved(picked, kernel, groups, 1, "SAME")
            return tape.gradient(y, [x, kernel], upstream)

        return _convolved(x, kernel, groups, stride, "SAME"), gradient

    return convolved(x, kernel)


def pool(op: Pool, x: Any) -> Any:
    """The pool of ``op``: where it strides, every other one of the values without a stride."""
    kind = tf.nn.max_pool2d if op.kind == "max" else tf.nn.avg_pool2d
    x = kind(x, op.kernel, 1, "SAME")
    return x[:, :: op.stride, :: op.stride] if op.stride > 1 else x


def batch_statistics(x: Any, scale: Any, shift: Any) -> Any:
    """Normalise with the statistics of the batch."""
    return tf.compat.v1.nn.fused_batch_norm(x, scale, shift, epsilon=NORM_EPS)[0]


def batch_statistics_kept(kept: list[Any]) -> Normalise:
    """Like :func:`batch_statistics`; mean and (unbiased) variance are appended to ``kept``."""

    def normalise(x: Any, scale: Any, shift: Any) -> Any:
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, scale, shift, epsilon=NORM_EPS)
        kept.extend((mean, variance))
        return y

    return normalise


def given_statistics(values: Sequence[Any]) -> Normalise:
    """Normalise with ``values``: mean and variance of each normalisation, in their order."""
    rest = iter(values)

    def normalise(x: Any, scale: Any, shift: Any) -> Any:
        return tf.compat.v1.nn.fused_batch_norm(
            x, scale, shift, next(rest), next(rest), epsilon=NORM_EPS, is_training=False
        )[0]

    return normalise


def _hsigmoid(x: Any) -> Any:
    return tf.nn.relu6(x + 3.0) * (1.0 / 6.0)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "sigmoid": tf.sigmoid,
    "hsigmoid": _hsigmoid,
    "hswish": lambda x: x * _hsigmoid(x),
    "silu": lambda x: x * tf.sigmoid(x),
}
