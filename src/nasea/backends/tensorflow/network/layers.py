"""The stand-alone network of one architecture, with Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.network.operations import OPERATIONS, initial_values
from nasea.backends.tensorflow.user.built_in_call import keeping_layers
from nasea.backends.user.nesting import copied
from nasea.space import Candidate, Norm, Op, Program, Shape, Tensor, output_shape
from nasea.space.ops import leaves

Layer = Any
Body = list[Layer]
Variable = Any

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class Network(tf.keras.Model):
    """PreNet, the layers of one architecture, PostNet.

    Args:
        pre_net: the user's model before the body.
        body: the layers.
        post_net: the user's model after the body.
        taps: indices of layers whose outputs PostNet reads in addition to the last one.
        data_format: the layout of PreNet and PostNet; the body is always channels-last.
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
        self._transposes = data_format == "channels_first"

    def call(self, images: Any, training: bool = False) -> Any:
        """Return images in the user's layout -> whatever PostNet returns."""
        with keeping_layers(self.pre_net):
            x = self.pre_net(images, training=training)
        x = tf.transpose(x, _TO_LAST) if self._transposes else x
        tapped = []
        for index, layer in enumerate(self.body):
            x = layer(x, training=training)
            if index in self._taps:
                tapped.append(x)
        features = [tf.transpose(y, _TO_FIRST) if self._transposes else y for y in [*tapped, x]]
        with keeping_layers(self.post_net):
            outputs = self.post_net(features if self._taps else features[0], training=training)
        return copied(outputs)


def build_body(
    candidates: Sequence[Candidate], in_shape: Shape, *, initialised: bool = True
) -> Body:
    """Build the layers of an architecture and their variables.

    Args:
        candidates: one for each layer.
        in_shape: (C, H, W) of the first layer's input.
        initialised: whether to give the weights the initial values of the search space; otherwise
            their values are arbitrary.
    """
    body = []
    for candidate in candidates:
        body.append(build(candidate.program, in_shape, initialised=initialised))
        in_shape = output_shape(candidate.program, in_shape)
    return body


def build(program: Program, in_shape: Shape, *, initialised: bool = True) -> Layer:
    """Build the layer of a program; see :func:`build_body`."""
    layer = OPERATIONS.describe(program).build()
    channels, height, width = in_shape
    layer(tf.zeros((1, height, width, channels)))  # creates the variables
    if initialised:
        generator = tf.random.Generator.from_seed(0)
        for tensor, variable in _learned(layer, program):
            variable.assign(from_slot(initial_values(tensor, generator), variable))
    return layer


def learned_tensors(body: Body, candidates: Sequence[Candidate]) -> Iterator[tuple[str, Variable]]:
    """Yield (slot, variable) for every learned tensor of a body, in the order of its programs."""
    for layer, candidate in zip(body, candidates, strict=True):
        for tensor, variable in _learned(layer, candidate.program):
            yield tensor.slot, variable


def statistics(
    body: Body, candidates: Sequence[Candidate]
) -> Iterator[tuple[str, Variable, Variable]]:
    """Yield (slot, moving mean, moving variance) of every normalisation, in order."""
    for layer, candidate in zip(body, candidates, strict=True):
        for op, own in _pairs(layer, candidate.program):
            if isinstance(op, Norm):
                yield op.slot, own.moving_mean, own.moving_variance


def from_slot(value: Any, variable: Variable) -> Any:
    """Reshape a value from a slot, (k, k, c_in / groups, c_out), to the shape of a variable.

    They differ for depthwise convolutions only, which Keras stores as (k, k, c_in, multiplier).
    """
    return tf.reshape(value, variable.shape)


def _learned(layer: Layer, program: Program) -> Iterator[tuple[Tensor, Variable]]:
    for op, own in _pairs(layer, program):
        yield from zip(op.tensors, own.trainable_weights, strict=True)


def _pairs(layer: Layer, program: Program) -> Iterator[tuple[Op, Layer]]:
    """Pair every operation that has learned tensors with its layer."""
    return zip((op for op in leaves(program) if op.tensors), _with_weights(layer), strict=True)


def _with_weights(layer: Layer) -> Iterator[Layer]:
    inner = _layers_in(layer)
    if not inner and layer.weights:
        yield layer
    for each in inner:
        yield from _with_weights(each)


def _layers_in(layer: Layer) -> list[Layer]:
    """Return the direct sublayers of a layer, in order."""
    if isinstance(layer, tf.keras.Sequential):
        return list(layer.layers)
    return list(layer._flatten_layers(recursive=False, include_self=False))
