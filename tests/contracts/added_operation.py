"""Operations that nasea does not have, added from outside, go all the way to the generated file.

A framework joins by describing the two below, one with weights and one without, and by subclassing
:class:`AddedOperationContract`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nasea.cost import Costs, count, operators_of
from nasea.cost.lowering import Graph, lowers
from nasea.cost.operators import CONV, COPY, MULTIPLY, Operator
from nasea.errors import SpaceError
from nasea.space import (
    Block,
    Candidate,
    Conv,
    Op,
    Program,
    Shape,
    Space,
    Tensor,
    build_space,
    output_shape,
)
from results.architectures import IMAGE, Architecture

from . import reference
from .network import BackendKit, Images, Weights, random_weights


@dataclass(frozen=True)
class Shuffle(Op):
    """Channels of ``groups`` groups in turn (Zhang et al. 2018, arXiv:1707.01083)."""

    groups: int

    def output_shape(self, shape: Shape) -> Shape:
        if shape[0] % self.groups:
            raise SpaceError(f"Shuffle: {shape[0]} channels do not make {self.groups} groups")
        return shape


@dataclass(frozen=True)
class Gain(Op):
    """A learned factor for each channel."""

    channels: int
    slot: str

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return (Tensor(f"{self.slot}/scale", "scale", (self.channels,)),)


@lowers(Shuffle)
def _shuffle(op: Shuffle, graph: Graph, source: str, shape: Shape) -> str:
    return graph.add(Operator(COPY, shape, shape), source)


@lowers(Gain)
def _gain(op: Gain, graph: Graph, source: str, shape: Shape) -> str:
    return graph.add(Operator(MULTIPLY, shape, shape), source)


def _block(width: float) -> Block:
    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = int(c_out * width)
        first = (Conv(c_in, inner, 3, "first", stride=stride), Shuffle(2), Gain(inner, "gain"))
        return (*first, Conv(inner, c_out, 1, "last"))

    return Block(f"shuffled_{width}", "shuffled", build)


SHAPE = (4, *IMAGE[1:])
SPACE = build_space(SHAPE, [8, 8], [2, 1], [_block(0.5), _block(1.0)])
GENOME = (0, 1)


def _expected(images: Images, candidates: tuple[Candidate, ...], weights: Weights) -> Any:
    x = images.astype(np.float64)
    for op in (op for candidate in candidates for op in candidate.program):
        if isinstance(op, Shuffle):
            n, c, h, w = x.shape
            x = x.reshape(n, op.groups, c // op.groups, h, w).swapaxes(1, 2).reshape(n, c, h, w)
        elif isinstance(op, Gain):
            x = x * weights[f"{op.slot}/scale"].reshape(1, -1, 1, 1)
        else:
            x = reference.run((op,), x, weights)
    return x


class AddedOperationContract(ABC):
    """The suite."""

    framework: str

    @pytest.fixture(scope="class")
    @classmethod
    @abstractmethod
    def backend_kit(cls) -> BackendKit[Any]:
        """The framework under test."""

    @abstractmethod
    def run_path(self, space: Space, weights: Weights, images: Images) -> Images:
        """The path ``GENOME`` of a supernet whose slots hold ``weights`` where the path is."""

    @abstractmethod
    def run_file(self, text: str, network: Any, images: Images) -> Images:
        """The body in a generated file, with the weights of a network."""

    def test_costs_and_shape(self) -> None:
        program = SPACE.layers[0].candidates[1].program
        assert output_shape(program, SHAPE) == (8, 5, 4)
        weights = 4 * 8 * 9 + 8 * 8
        assert count(program, SHAPE) == Costs(weights + 8, 2 * weights * 5 * 4)
        kinds = [operator.kind for operator in operators_of(program, SHAPE)]
        assert kinds == [CONV, COPY, MULTIPLY, CONV]
        with pytest.raises(SpaceError, match="5 channels do not make 2 groups"):
            output_shape((Shuffle(2),), (5, 1, 1))

    def test_network_path_and_file_compute_the_same(self, backend_kit: BackendKit[Any]) -> None:
        candidates = SPACE.decode(GENOME)
        weights = random_weights(candidates, seed=1)
        network = backend_kit.build(candidates, SHAPE)
        fresh = backend_kit.read_weights(network, candidates)
        assert all((fresh[name] == 1).all() for name in fresh if name.endswith("/scale"))
        backend_kit.write_weights(network, candidates, weights)
        images = np.random.default_rng(2).normal(size=(3, *SHAPE)).astype(np.float32)
        text = Architecture(SHAPE[0], candidates).text(flavour=self.framework)
        assert "class Gain" in text
        expected = _expected(images, candidates, weights)
        for found in (
            backend_kit.run(network, images),
            self.run_path(SPACE, weights, images),
            self.run_file(text, network, images),
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
