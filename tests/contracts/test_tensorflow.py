"""TensorFlow keeps the contract of networks, and agrees with PyTorch on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch.utils.flop_counter import FlopCounterMode

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.backends.torch.network.layers import build_body, learned_tensors
from nasea.cost import count
from nasea.space import Candidate, Shape, output_shape, tensors

from .network import (
    BackendKit,
    Images,
    NetworkContract,
    Weights,
    architectures,
    as_candidate,
    every_op,
    random_weights,
)

tf = load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.export.flops_profiler import count_flops  # noqa: E402
from nasea.backends.tensorflow.network import layers  # noqa: E402


class TensorFlowKit(BackendKit[layers.Body]):
    def build(self, candidates: Sequence[Candidate], shape: Shape) -> layers.Body:
        return layers.build_body(candidates, shape)

    def parameters(self, net: layers.Body) -> int:
        return sum(int(np.prod(v.shape)) for layer in net for v in layer.trainable_weights)

    def flops(self, net: layers.Body, shape: Shape) -> int:
        channels, height, width = shape
        return count_flops(lambda x: _through(net, x), tf.zeros((1, height, width, channels)))

    def run(self, net: layers.Body, images: Images) -> Images:
        return _run(net, images, training=True)

    def read_weights(self, net: layers.Body, candidates: Sequence[Candidate]) -> Weights:
        every = (tensor for candidate in candidates for tensor in tensors(candidate.program))
        pairs = zip(every, layers.learned_tensors(net, candidates), strict=True)
        return {slot: _to_vocabulary(value, each.shape) for each, (slot, value) in pairs}

    def write_weights(
        self, net: layers.Body, candidates: Sequence[Candidate], weights: Weights
    ) -> None:
        for slot, variable in layers.learned_tensors(net, candidates):
            value = weights[slot]
            if value.ndim == 4:
                value = value.transpose(2, 3, 1, 0)
            variable.assign(layers.from_slot(value, variable))


class TestTensorFlowNetwork(NetworkContract[layers.Body]):
    @pytest.fixture(scope="class")
    @classmethod
    def backend_kit(cls) -> BackendKit[layers.Body]:
        return TensorFlowKit()


def _through(net: layers.Body, x: Any, training: bool = False) -> Any:
    for layer in net:
        x = layer(x, training=training)
    return x


def _to_vocabulary(variable: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The value of a variable in the shape of the vocabulary, (c_out, c_in / groups, k, k)."""
    value = np.asarray(variable)
    if len(shape) != 4:
        return value
    c_out, c_in, high, wide = shape
    return value.reshape(high, wide, c_in, c_out).transpose(3, 2, 0, 1)


def _run(net: layers.Body, images: Images, training: bool) -> Images:
    x = tf.constant(images.transpose(0, 2, 3, 1))
    result: Images = _through(net, x, training).numpy().transpose(0, 3, 1, 2)
    return result


@given(architecture=architectures())
@settings(max_examples=25, deadline=None)
def test_random_architectures_are_the_same_in_both_frameworks(
    architecture: tuple[Shape, tuple[Candidate, ...]],
) -> None:
    shape, candidates = architecture
    check_both(candidates, shape)


@pytest.mark.parametrize("size", [(8, 6), (7, 5), (1, 1)])
def test_every_operation_is_the_same_in_both_frameworks(size: tuple[int, int]) -> None:
    check_both([as_candidate(every_op())], (4, *size))


def check_both(candidates: Sequence[Candidate], shape: Shape) -> None:
    """Same weights and statistics: outputs, parameters and FLOPs agree."""
    kit = TensorFlowKit()
    ours, theirs = kit.build(candidates, shape), build_body(candidates)
    weights = random_weights(candidates, seed=3)
    kit.write_weights(ours, candidates, weights)
    with torch.no_grad():
        for slot, tensor in learned_tensors(theirs, candidates):
            tensor.copy_(torch.from_numpy(np.asarray(weights[slot])))
    _same_statistics(ours, theirs, candidates)
    images = np.random.default_rng(4).normal(size=(3, *shape)).astype(np.float32)
    with torch.no_grad():
        expected = theirs.eval()(torch.from_numpy(images)).numpy()
    found = _run(ours, images, training=False)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)

    whole = tuple(op for candidate in candidates for op in candidate.program)
    assert found.shape == (3, *output_shape(whole, shape))
    costs = count(whole, shape)
    assert costs.parameters == kit.parameters(ours) == sum(p.numel() for p in theirs.parameters())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        theirs(torch.zeros(1, *shape))
    assert costs.flops == kit.flops(ours, shape) == counter.get_total_flops()


def _same_statistics(
    ours: layers.Body, theirs: torch.nn.Module, candidates: Sequence[Candidate]
) -> None:
    rng = np.random.default_rng(5)
    modules = [m for m in theirs.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    statistics = layers.statistics(ours, candidates)
    for module, (_, mean, variance) in zip(modules, statistics, strict=True):
        values = rng.normal(size=(2, *mean.shape)).astype(np.float32)
        values[1] = np.abs(values[1]) + 0.5
        mean.assign(values[0])
        variance.assign(values[1])
        module.running_mean, module.running_var = torch.from_numpy(values)
