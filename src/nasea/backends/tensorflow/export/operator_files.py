"""Writes single operators as TFLite files with made-up weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.export.deployment import tflite, zeros
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    NORM,
    POOL,
    RESIZE,
    SOFTMAX,
    Operator,
)
from nasea.errors import LatencyError


def tflite_operator(operator: Operator) -> bytes:
    """Return a file that runs one operator, with its fused activation, on one image.

    Raises:
        LatencyError: TFLite, or this writer, does not support it.
    """
    inputs = [zeros(shape) for shape in operator.operands]
    write = _WRITERS.get(operator.kind)
    if write is None:
        raise LatencyError(
            f"{operator} ({operator.name}) cannot be written as TFLite",
            fix="use another operation there",
        )
    run = write(operator)

    def function(values: Any) -> Any:
        result = run(values)
        fused = operator.kind != ACTIVATION and operator.activation
        return _ACTIVATIONS[operator.activation](result) if fused else result

    return tflite(function, inputs, str(operator))


def _weight(*shape: int) -> Any:
    return tf.random.stateless_normal(shape, (0, 0), stddev=0.05)


Run = Callable[[Any], Any]


def _conv(op: Operator) -> Run:
    rows, columns = op.kernel
    made, size = op.out_shape[1:], op.in_shape[1:]
    padding = "SAME" if all(-(-s // op.stride) == m for s, m in zip(size, made, strict=True)) \
        else "VALID"  # fmt: skip
    strides = (1, op.stride, op.stride, 1)
    bias = _weight(op.out_shape[0])
    if op.grouping == "depthwise":
        kernel = _weight(rows, columns, op.in_shape[0], op.out_shape[0] // op.in_shape[0])
        return lambda values: tf.nn.depthwise_conv2d(values[0], kernel, strides, padding) + bias
    kernel = _weight(rows, columns, op.in_shape[0] // op.groups, op.out_shape[0])
    return lambda values: tf.nn.conv2d(values[0], kernel, op.stride, padding) + bias


def _dense(op: Operator) -> Run:
    kernel, bias = _weight(op.in_shape[0], op.out_shape[0]), _weight(op.out_shape[0])
    return lambda values: tf.matmul(tf.reshape(values[0], (1, -1)), kernel) + bias


def _norm(op: Operator) -> Run:
    scale, shift = _weight(op.in_shape[0]), _weight(op.in_shape[0])
    return lambda values: values[0] * scale + shift


def _pool(op: Operator) -> Run:
    return lambda values: tf.nn.max_pool2d(values[0], op.kernel, op.stride, "SAME")


def _resize(op: Operator) -> Run:
    return lambda values: tf.compat.v1.image.resize_bilinear(values[0], op.out_shape[1:])


def _copy(op: Operator) -> Run:
    (c_in, *before), (c_out, *after) = op.in_shape, op.out_shape
    ends = [max(b - a, 0) for a, b in zip((*before, c_in), (*after, c_out), strict=True)]
    pads = [(0, 0), *((0, end) for end in ends)]
    return lambda values: tf.pad(values[0], pads)[:, : after[0], : after[1], :c_out]


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "sigmoid": tf.sigmoid,
    "swish": lambda x: x * tf.sigmoid(x),
    "tanh": tf.tanh,
    "elu": tf.nn.elu,
    "leaky_relu": tf.nn.leaky_relu,
    "hsigmoid": lambda x: tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
    "hswish": lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
}


def _activation(op: Operator) -> Run:
    act = _ACTIVATIONS.get(op.activation)
    if act is None:
        raise LatencyError(f"{op} ({op.name}) cannot be written as TFLite")
    return lambda values: act(values[0])


_WRITERS: dict[str, Callable[[Operator], Run]] = {
    CONV: _conv,
    DENSE: _dense,
    NORM: _norm,
    ACTIVATION: _activation,
    POOL: _pool,
    GLOBAL_POOL: lambda op: lambda values: tf.reduce_mean(values[0], (1, 2), keepdims=True),
    ADD: lambda op: lambda values: values[0] + (values[1] if op.inputs > 1 else 1.5),
    MULTIPLY: lambda op: lambda values: values[0] * values[1],
    CONCAT: lambda op: lambda values: tf.concat(values, 3),
    SOFTMAX: lambda op: lambda values: tf.nn.softmax(values[0]),
    RESIZE: _resize,
    COPY: _copy,
}
