"""Programs as Keras layers: the stand-alone network of one architecture.

The nesting follows from the program alone: one layer is itself, several are a
``tf.keras.Sequential``, none is an identity. The code generator follows the same rule with classes
of the same names, so the weights of a network built here load into its generated file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.network.operations import (
    ACTIVATIONS,
    grouped_convolution,
    strided_point,
)
from nasea.backends.tensorflow.user.built_in_call import keeping_layers
from nasea.backends.user.nesting import copied
from nasea.space import (
    Act,
    Add,
    Candidate,
    Conv,
    GlobalPool,
    Norm,
    Op,
    Pool,
    Program,
    Scale,
    Shape,
    output_shape,
)
from nasea.space.ops import NORM_EPS, NORM_MOMENTUM, leaves
from nasea.space.slots import tensors_of

Layer = Any
Body = list[Layer]
Variable = Any

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class Sum(tf.keras.layers.Layer):
    """Sum of branches that read the same input."""

    def __init__(self, *branches: Layer) -> None:
        super().__init__()
        self.branches = list(branches)

    def call(self, x: Any) -> Any:
        """(N, H, W, C) -> (N, H', W', C')."""
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total


class Gate(tf.keras.layers.Layer):
    """``x * gate(x)``."""

    def __init__(self, gate: Layer) -> None:
        super().__init__()
        self.gate = gate

    def call(self, x: Any) -> Any:
        """(N, H, W, C) -> (N, H, W, C)."""
        return x * self.gate(x)


class Subsample(tf.keras.layers.Layer):
    """Every ``stride``-th row and column."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def call(self, x: Any) -> Any:
        """(N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), C)."""
        return x[:, :: self.stride, :: self.stride]


class HardSigmoid(tf.keras.layers.Layer):
    """``relu6(x + 3) / 6``; Keras 2 calls another line so."""

    def call(self, x: Any) -> Any:
        """Any shape."""
        return ACTIVATIONS["hsigmoid"](x)


class HardSwish(tf.keras.layers.Layer):
    """``x * relu6(x + 3) / 6``."""

    def call(self, x: Any) -> Any:
        """Any shape."""
        return ACTIVATIONS["hswish"](x)


class Conv2D(tf.keras.layers.Conv2D):
    """A convolution with a kernel of 1 and a stride, whose gradient does not crash.

    It has the name of the class of Keras, by which weights files know its weights.
    """

    def call(self, x: Any) -> Any:
        """(N, H, W, C) -> (N, H', W', filters)."""
        x = strided_point(x, tf.convert_to_tensor(self.kernel), 1, self.strides[0])
        return tf.nn.bias_add(x, tf.convert_to_tensor(self.bias)) if self.use_bias else x


class GroupedConv2D(tf.keras.layers.Layer):
    """A convolution in groups of channels, which that of Keras cannot train on CPUs."""

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        groups: int,
        *,
        strides: int = 1,
        padding: str = "valid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
    ) -> None:
        super().__init__()
        self.filters = filters
        self.kernel_size = kernel_size
        self.groups = groups
        self.strides = strides
        self.padding = padding
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer

    def build(self, shape: Any) -> None:
        """Make the variables for (N, H, W, C)."""
        size = self.kernel_size
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, shape[-1] // self.groups, self.filters),
            initializer=self.kernel_initializer,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        super().build(shape)

    def call(self, x: Any) -> Any:
        """(N, H, W, C) -> (N, H', W', filters)."""
        kernel = tf.convert_to_tensor(self.kernel)
        x = grouped_convolution(x, kernel, self.groups, self.strides, self.padding.upper())
        return tf.nn.bias_add(x, tf.convert_to_tensor(self.bias)) if self.use_bias else x


class Network(tf.keras.Model):
    """PreNet, the layers of one architecture, PostNet.

    Args:
        pre_net: the user's model before the body.
        body: the layers.
        post_net: the user's model behind it.
        taps: layers whose outputs PostNet gets besides the last one.
        data_format: the layout of PreNet and PostNet; the body has its channels last.
    """

    def __init__(
        self,
        pre_net: Layer,
        body: Body,
        post_net: Layer,
        taps: Sequence[int] = (),
        data_format: DataFormat = "channels_last",
    ) -> None:
        super().__init__()
        self.pre_net = pre_net
        self.body = list(body)
        self.post_net = post_net
        self._taps = frozenset(taps)
        self._turns = data_format == "channels_first"

    def call(self, images: Any, training: bool = False) -> Any:
        """Images in the layout of the user's models -> whatever PostNet returns."""
        with keeping_layers(self.pre_net):
            x = self.pre_net(images, training=training)
        x = tf.transpose(x, _TO_LAST) if self._turns else x
        tapped = []
        for index, layer in enumerate(self.body):
            x = layer(x, training=training)
            if index in self._taps:
                tapped.append(x)
        features = [tf.transpose(y, _TO_FIRST) if self._turns else y for y in [*tapped, x]]
        with keeping_layers(self.post_net):
            outputs = self.post_net(features if self._taps else features[0], training=training)
        return copied(outputs)


def build_body(candidates: Sequence[Candidate], in_shape: Shape) -> Body:
    """The layers of an architecture, with their variables.

    Args:
        candidates: one a layer.
        in_shape: (C, H, W) of the first one's input.
    """
    body = []
    for candidate in candidates:
        layer = build(candidate.program)
        channels, height, width = in_shape
        layer(tf.zeros((1, height, width, channels)))  # makes the variables
        body.append(layer)
        in_shape = output_shape(candidate.program, in_shape)
    return body


def build(program: Program) -> Layer:
    """The layer of a program, without variables as yet."""
    layers = [layer for op in program for layer in _layers(op)]
    if len(layers) == 1:
        return layers[0]
    return tf.keras.Sequential(layers) if layers else tf.keras.layers.Identity()


def _layers(op: Op) -> list[Layer]:
    keras = tf.keras.layers
    if isinstance(op, Conv):
        return _convolution(op)
    if isinstance(op, Norm):
        scale = "zeros" if op.starts_at_zero else "ones"
        options = {"momentum": 1 - NORM_MOMENTUM, "epsilon": NORM_EPS}
        return [keras.BatchNormalization(gamma_initializer=scale, **options)]
    if isinstance(op, Act):
        return [_activation(op)]
    if isinstance(op, Pool):
        kind = keras.MaxPooling2D if op.kind == "max" else keras.AveragePooling2D
        pool = kind(op.kernel, strides=1, padding="same")
        return [pool, Subsample(op.stride)] if op.stride > 1 else [pool]
    if isinstance(op, GlobalPool):
        return [keras.GlobalAveragePooling2D(keepdims=True)]
    if isinstance(op, Add):
        return [Sum(*(build(branch) for branch in op.branches))]
    assert isinstance(op, Scale)
    return [Gate(build(op.gate))]


def _convolution(op: Conv) -> list[Layer]:
    keras = tf.keras.layers
    pads = op.stride > 1 and op.kernel > 1  # "same" would pad the right and the bottom more
    options: dict[str, Any] = {
        "strides": op.stride,
        "padding": "valid" if pads else "same",
        "use_bias": op.bias,
    }
    deviation = (2 / (op.c_out * op.kernel**2)) ** 0.5
    initial = tf.keras.initializers.RandomNormal(stddev=deviation)
    if op.groups == 1:
        kind = Conv2D if op.kernel == 1 and op.stride > 1 else keras.Conv2D
        conv = kind(op.c_out, op.kernel, kernel_initializer=initial, **options)
    elif op.groups == op.c_in:
        multiplier = op.c_out // op.c_in
        conv = keras.DepthwiseConv2D(
            op.kernel, depth_multiplier=multiplier, depthwise_initializer=initial, **options
        )
    else:
        conv = GroupedConv2D(op.c_out, op.kernel, op.groups, kernel_initializer=initial, **options)
    return [keras.ZeroPadding2D(op.kernel // 2), conv] if pads else [conv]


def _activation(op: Act) -> Layer:
    if op.kind == "hswish":
        return HardSwish()
    if op.kind == "hsigmoid":
        return HardSigmoid()
    if op.kind in ("sigmoid", "silu"):
        return tf.keras.layers.Activation("swish" if op.kind == "silu" else op.kind)
    return tf.keras.layers.ReLU(6.0) if op.kind == "relu6" else tf.keras.layers.ReLU()


def learned_tensors(body: Body, candidates: Sequence[Candidate]) -> Iterator[tuple[str, Variable]]:
    """(slot, variable) for every learned tensor of a body, in the order of its programs."""
    for op, layer in _pairs(body, candidates):
        for tensor, variable in zip(tensors_of(op), layer.trainable_weights, strict=True):
            yield tensor.slot, variable


def statistics(
    body: Body, candidates: Sequence[Candidate]
) -> Iterator[tuple[str, Variable, Variable]]:
    """(slot, moving mean, moving variance) for every normalisation, in the same order."""
    for op, layer in _pairs(body, candidates):
        if isinstance(op, Norm):
            yield op.slot, layer.moving_mean, layer.moving_variance


def from_slot(value: Any, variable: Variable) -> Any:
    """What a slot has for a variable, (k, k, c_in / groups, c_out), in the shape of the variable.

    They differ in the depthwise convolution only, which Keras keeps as (k, k, c_in, multiplier).
    """
    return tf.reshape(value, variable.shape)


def to_vocabulary(variable: Variable, shape: tuple[int, ...]) -> Any:
    """The value of a variable in the shape of the vocabulary, (c_out, c_in / groups, k, k)."""
    value = np.asarray(variable)
    if len(shape) != 4:
        return value
    c_out, c_in, high, wide = shape
    return value.reshape(high, wide, c_in, c_out).transpose(3, 2, 0, 1)


def _pairs(body: Body, candidates: Sequence[Candidate]) -> Iterator[tuple[Op, Layer]]:
    """Every operation with learned tensors and its layer."""
    for layer, candidate in zip(body, candidates, strict=True):
        learned = [op for op in leaves(candidate.program) if tensors_of(op)]
        yield from zip(learned, _with_weights(layer), strict=True)


def _with_weights(layer: Layer) -> Iterator[Layer]:
    if isinstance(layer, tf.keras.Sequential):
        inner = layer.layers
    elif isinstance(layer, Sum):
        inner = layer.branches
    elif isinstance(layer, Gate):
        inner = [layer.gate]
    else:
        if layer.weights:
            yield layer
        return
    for each in inner:
        yield from _with_weights(each)
