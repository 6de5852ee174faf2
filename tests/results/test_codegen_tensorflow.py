"""A generated TensorFlow file and the network that nasea builds are one network."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cost import count
from nasea.space import Act, Candidate, Conv, Norm, Program

from .architectures import (
    CATALOGUE,
    FIXED,
    FLAVOURS,
    IMAGE,
    Architecture,
    architectures,
    of_blocks,
)

tf = load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.network.layers import Network, build_body  # noqa: E402


class PreNet(tf.keras.Model):
    """Works in either layout; CPUs convolve in one of them."""

    def __init__(self, channels: int, first: bool) -> None:
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(channels, 3, padding="same")
        self.first = first

    def call(self, inputs: Any, training: bool = True) -> Any:
        if not self.first:
            return self.conv(inputs)
        return tf.transpose(self.conv(tf.transpose(inputs, (0, 2, 3, 1))), (0, 3, 1, 2))


class PostNet(tf.keras.Model):
    """Passes on what it gets, nested."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def call(self, inputs: Any, training: bool = True) -> Any:
        last = inputs[-1] if isinstance(inputs, list) else inputs
        return {"out": self.scale * last, "taps": inputs}


class PostNetBuiltInCall(PostNet):
    """Builds layers with weights while it is called."""

    def call(self, inputs: Any, training: bool = True) -> Any:
        last = inputs[-1] if isinstance(inputs, list) else inputs
        hidden = tf.keras.layers.Dense(3)(tf.reduce_mean(last, (1, 2)))
        return {"out": tf.keras.layers.Dense(2, name="logits")(hidden), "taps": inputs}


def load(architecture: Architecture, flavour: str) -> types.ModuleType:
    """The generated file as a module, with a PreNet and a PostNet that need no file."""
    module = types.ModuleType("generated")
    module.__file__ = "model_arch_result_3.py"
    exec(compile(architecture.text(flavour=flavour), module.__file__, "exec"), module.__dict__)
    pre_net, post_net = _user_networks(architecture, flavour)
    module.__dict__["import_user_module"] = lambda: types.SimpleNamespace(
        PreNet=lambda: pre_net, PostNet=lambda: post_net
    )
    return module


def _user_networks(architecture: Architecture, flavour: str) -> tuple[Any, Any]:
    options = FLAVOURS[flavour]
    post_net = PostNetBuiltInCall() if options.built_in_call else PostNet()
    return PreNet(architecture.in_channels, options.data_format == "channels_first"), post_net


def _images(count: int, flavour: str) -> Any:
    images = np.random.default_rng(1).normal(size=(count, *IMAGE)).astype(np.float32)
    first = FLAVOURS[flavour].data_format == "channels_first"
    return tf.constant(images if first else images.transpose(0, 2, 3, 1))


def _expect_same(architecture: Architecture, path: Path, flavour: str = "tensorflow") -> None:
    body = build_body(architecture.candidates, architecture.in_shape)
    options = FLAVOURS[flavour]
    user_networks = _user_networks(architecture, flavour)
    pre_net, post_net = user_networks
    network = Network(pre_net, body, post_net, architecture.taps, options.data_format)
    images = _images(3, flavour)
    network(images)
    rng = np.random.default_rng(2)
    for variable in network.variables:
        values = rng.uniform(-0.2, 0.8, variable.shape)
        variable.assign(np.abs(values) if "variance" in variable.name else values)
    network.save_weights(str(path))

    model = load(architecture, flavour).load_model(path)
    for training in (False, True):
        found, expected = (each(images, training=training) for each in (model, network))
        tf.nest.map_structure(_close, found, expected)
    # The second pass moved the statistics, alike.
    for mine, theirs in zip(model.weights, network.weights, strict=True):
        _close(mine, theirs)

    counted = 0
    shape = architecture.in_shape
    for candidate in architecture.candidates:
        counted += count(candidate.program, shape).parameters
        shape = Architecture(shape[0], (candidate,)).out_shape
    weights = [v for layer in model.body for v in layer.trainable_weights]
    assert sum(int(np.prod(v.shape)) for v in weights) == counted


def _close(found: Any, expected: Any) -> None:
    # One divides by 6 what the other multiplies by 1/6.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(architecture=architectures())
def test_any_architecture(architecture: Architecture, tmp_path: Path) -> None:
    _expect_same(architecture, tmp_path / "x.weights.h5")


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"skip"}))
def test_every_block_of_the_catalogue(name: str, stride: int, tmp_path: Path) -> None:
    architecture = of_blocks([name, name], [12, 12], [stride, 1], taps=(0,))
    _expect_same(architecture, tmp_path / "x.weights.h5")


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_what_no_block_of_the_catalogue_has(stride: int, bias: bool, tmp_path: Path) -> None:
    program: Program = (
        Conv(8, 12, 3, "a", stride=stride, groups=4, bias=bias),
        Act("relu6"),
        Conv(12, 24, 5, "b", groups=12, bias=bias),
        Norm(24, "c"),
        Act("hswish"),
    )
    architecture = Architecture(8, (Candidate("mine", "mine", program),))
    _expect_same(architecture, tmp_path / "x.weights.h5")


@pytest.mark.parametrize("architecture", [FIXED, of_blocks(["skip"], [8], [1])])
@pytest.mark.parametrize(
    "flavour", [name for name, options in FLAVOURS.items() if options.keras_version == 2]
)
def test_every_flavour(flavour: str, architecture: Architecture, tmp_path: Path) -> None:
    _expect_same(architecture, tmp_path / "x.weights.h5", flavour)


def test_tapped_layers_reach_post_net() -> None:
    seen = load(FIXED, "tensorflow-both").Model()(_images(2, "tensorflow-both"))["taps"]
    assert [tuple(x.shape) for x in seen] == [(2, 12, 5, 4), (2, 16, 5, 4)]
