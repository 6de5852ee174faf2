"""Builds networks of a TensorFlow project as TFLite files."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

import tensorflow as tf

from nasea.backends.tensorflow.environment import held_back
from nasea.backends.tensorflow.export.operators import frozen
from nasea.backends.tensorflow.network.layers import build, build_body
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.errors import LatencyError
from nasea.space import Genome, Program, Shape, Space


class TfliteDeployment:
    """See :class:`nasea.backends.export.deployment.Deployment`.

    Args:
        pre_net: PreNet.
        post_net: PostNet.
        image: one image, in the layout of the user's module.
        space: the search space of the body.
    """

    suffix = ".tflite"

    def __init__(
        self, pre_net: UserNetwork, post_net: UserNetwork, image: Any, space: Space
    ) -> None:
        self._user_networks = {"PreNet": pre_net, "PostNet": post_net}
        self._image = image
        self._space = space

    def nothing(self) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        return nothing()

    def user_network(self, name: Literal["PreNet", "PostNet"]) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        inputs: Any = self._image
        if name == "PostNet":
            layers = [self._space.layers[i] for i in (*self._space.taps, -1)]
            features = [zeros(layer.out_shape) for layer in layers]
            inputs = features if self._space.taps else features[0]
        network = self._user_networks[name]
        return tflite(lambda x: network.apply(x, False), inputs, name)

    def block(self, program: Program, in_shape: Shape) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        layer = build(program, in_shape)
        return tflite(lambda x: layer(x, training=False), zeros(in_shape), "block")

    def network(self, genome: Genome) -> bytes:
        """See :class:`nasea.backends.export.deployment.Deployment`."""
        body = build_body(self._space.decode(genome), self._space.layers[0].in_shape)

        def run(image: Any) -> Any:
            x = self._user_networks["PreNet"].apply(image, False)
            tapped = []
            for layer, built in zip(self._space.layers, body, strict=True):
                x = built(x, training=False)
                if layer.tapped:
                    tapped.append(x)
            return self._user_networks["PostNet"].apply([*tapped, x] if tapped else x, False)

        return tflite(run, self._image, "network")


def nothing() -> bytes:
    """Return a minimal network."""
    return tflite(lambda x: tf.nn.relu(x), tf.zeros((1, 1)), "nothing")


def body(space: Space, genome: Genome) -> bytes:
    """Return a network without PreNet and PostNet, whatever framework these are written for."""
    in_shape = space.layers[0].in_shape
    layers = build_body(space.decode(genome), in_shape)

    def run(x: Any) -> Any:
        for layer in layers:
            x = layer(x, training=False)
        return tf.identity(x)  # a body may be empty

    return tflite(run, zeros(in_shape), "the body of a network")


def tflite(function: Callable[[Any], Any], inputs: Any, what: str) -> bytes:
    """Return a function as a float32 TFLite file.

    Args:
        function: in inference mode.
        inputs: tensors of the shapes of its inputs.
        what: what it is, for messages.

    Raises:
        LatencyError: the converter does not support it.
    """
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with held_back():
            concrete = frozen(function, inputs)
            converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
            return bytes(converter.convert())
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise LatencyError(
            f"{what} cannot be converted to TFLite: {type(error).__name__}: {reason}",
            fix=f"use operations in {what} that TFLite has, or a profile that prices operators "
            "(npu_v1, or one made by nasea latency import)",
        ) from error
    finally:
        logger.setLevel(level)


def zeros(shape: Shape) -> Any:
    """Return an image of zeros of (channels, height, width)."""
    channels, height, width = shape
    return tf.zeros((1, height, width, channels))
