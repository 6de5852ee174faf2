"""What a network built by any framework must be: costs, shapes and numbers as the space says.

A framework joins by subclassing :class:`NetworkContract` with a fixture ``backend_kit``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasea.cost import count
from nasea.space import (
    Act,
    Add,
    Candidate,
    Conv,
    GlobalPool,
    Norm,
    Pool,
    Program,
    Scale,
    Shape,
    Space,
    build_space,
    catalogue,
    output_shape,
    tensors,
)
from nasea.space.families import Family, known_families
from nasea.space.hand_picks import HandPick, scaled, stages_of
from nasea.space.slots import SharingPolicy

from . import reference

Net = TypeVar("Net")
Images = npt.NDArray[np.float32]
Weights = Mapping[str, npt.NDArray[np.float32]]

BLOCKS = catalogue()
EVEN, ODD = (8, 6), (7, 5)
POLICIES: tuple[SharingPolicy, ...] = ("entangled", "independent")


class BackendKit(ABC, Generic[Net]):
    """How the contract drives one framework."""

    @abstractmethod
    def build(self, candidates: Sequence[Candidate], shape: Shape) -> Net:
        """The body of an architecture, for inputs of (channels, height, width)."""

    @abstractmethod
    def parameters(self, net: Net) -> int:
        """The framework's own count of learned values."""

    @abstractmethod
    def flops(self, net: Net, shape: Shape) -> int:
        """The framework's own count for one image of (channels, height, width)."""

    @abstractmethod
    def run(self, net: Net, images: Images) -> Images:
        """(N, C, H, W) -> (N, C', H', W'), normalised with the statistics of the batch."""

    @abstractmethod
    def read_weights(self, net: Net, candidates: Sequence[Candidate]) -> Weights:
        """The learned tensors by slot, in the shapes of the vocabulary."""

    @abstractmethod
    def write_weights(self, net: Net, candidates: Sequence[Candidate], weights: Weights) -> None:
        """Put such tensors in."""


def as_candidate(program: Program) -> Candidate:
    return Candidate("block", "family", program)


def whole(candidates: Sequence[Candidate]) -> Program:
    """The operations of all candidates in turn."""
    return tuple(op for candidate in candidates for op in candidate.program)


def random_weights(candidates: Sequence[Candidate], seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return {
        tensor.slot: rng.normal(0.3, 0.5, tensor.shape).astype(np.float32)
        for candidate in candidates
        for tensor in tensors(candidate.program)
    }


def every_op() -> Program:
    """All operations and their settings that no block of the catalogue uses."""
    gate = (GlobalPool(), Conv(6, 6, 1, "gate", bias=True), Act("sigmoid"))
    return (
        Conv(4, 6, 5, "grouped", stride=2, groups=2, bias=True),
        Act("hswish"),
        Act("silu"),
        Add(((Pool("max", 3),), (Pool("avg", 5), Norm(6, "norm")), ())),
        Act("relu6"),
        Scale(gate),
        Add(((Pool("avg", 3, 2),), (Pool("max", 5, 2),))),
        Act("hsigmoid"),
    )


@st.composite
def architectures(draw: st.DrawFn) -> tuple[Shape, tuple[Candidate, ...]]:
    widths = st.sampled_from([4, 4, 6])
    shape = (draw(widths), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    layers = draw(st.integers(1, 4))
    filters = [draw(widths) for _ in range(layers)]
    strides = [draw(st.sampled_from([1, 1, 2])) for _ in range(layers)]
    policy: SharingPolicy = draw(st.sampled_from(POLICIES))
    multiples = draw(st.sampled_from([None, (0.5, 1), (1, 2)]))
    blocks = list(BLOCKS.values())
    space = build_space(shape, filters, strides, blocks, policy, (), multiples, divisor=2)
    return shape, space.decode([draw(st.integers(0, n - 1)) for n in space.choices])


class NetworkContract(ABC, Generic[Net]):
    """The suite."""

    @pytest.fixture(scope="class")
    @classmethod
    @abstractmethod
    def backend_kit(cls) -> BackendKit[Net]:
        """The framework under test."""

    def check_costs_and_shape(
        self, kit: BackendKit[Net], candidates: Sequence[Candidate], shape: Shape
    ) -> None:
        net = kit.build(candidates, shape)
        self.expect_costs(kit, net, candidates, shape)
        images = np.ones((2, *shape), dtype=np.float32)
        expected = output_shape(whole(candidates), shape)
        assert kit.run(net, images).shape == (2, *expected)

    def check_all(
        self, kit: BackendKit[Net], candidates: Sequence[Candidate], *shapes: Shape
    ) -> None:
        """Costs, shapes and numbers of one network for inputs of several sizes."""
        net = kit.build(candidates, shapes[0])
        weights = random_weights(candidates, seed=1)
        kit.write_weights(net, candidates, weights)
        stored = kit.read_weights(net, candidates)
        assert stored.keys() == weights.keys()
        assert all(np.array_equal(stored[slot], weights[slot]) for slot in weights)
        for shape in shapes:
            self.expect_costs(kit, net, candidates, shape)
            images = np.random.default_rng(2).normal(size=(3, *shape)).astype(np.float32)
            found = kit.run(net, images)
            assert found.shape == (3, *output_shape(whole(candidates), shape))
            expected = reference.run(whole(candidates), images.astype(np.float64), weights)
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)

    def expect_costs(
        self, kit: BackendKit[Net], net: Net, candidates: Sequence[Candidate], shape: Shape
    ) -> None:
        costs = count(whole(candidates), shape)
        assert kit.parameters(net) == costs.parameters
        assert kit.flops(net, shape) == costs.flops

    @pytest.mark.parametrize("c_in", [6, 8], ids=["projected", "same"])
    @pytest.mark.parametrize("stride", [1, 2])
    @pytest.mark.parametrize("name", BLOCKS)
    def test_every_block(
        self, backend_kit: BackendKit[Net], name: str, stride: int, c_in: int
    ) -> None:
        program = BLOCKS[name].build(c_in, 8, stride)
        if program is None:
            assert name == "skip" and (stride == 2 or c_in != 8)
            return
        self.check_all(backend_kit, [as_candidate(program)], (c_in, *EVEN), (c_in, *ODD))

    @pytest.mark.parametrize("size", [EVEN, ODD, (1, 1)], ids=["even", "odd", "point"])
    def test_every_operation(self, backend_kit: BackendKit[Net], size: tuple[int, int]) -> None:
        self.check_all(backend_kit, [as_candidate(every_op())], (4, *size))

    @given(architecture=architectures())
    @settings(
        max_examples=10, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    def test_random_architectures(
        self, backend_kit: BackendKit[Net], architecture: tuple[Shape, tuple[Candidate, ...]]
    ) -> None:
        shape, candidates = architecture
        self.check_costs_and_shape(backend_kit, candidates, shape)

    @pytest.mark.parametrize("family", known_families(), ids=lambda family: family.name)
    def test_hand_picks(self, backend_kit: BackendKit[Net], family: Family) -> None:
        shape = (6, 7, 7)
        stages = stages_of([8, 12, 12], [1, 2, 2], [1])

        def price(space: Space) -> float:
            programs = ((layer.candidates[0].program, layer.in_shape) for layer in space.layers)
            return float(sum(count(*one).parameters for one in programs))

        found = scaled(family, shape, stages, 9000, price)
        assert isinstance(found, HandPick)
        space = found.space(shape)
        candidates = space.decode((0,) * len(space.layers))
        self.check_all(backend_kit, candidates, shape)

    def test_initial_values(self, backend_kit: BackendKit[Net]) -> None:
        program = BLOCKS["inverted_k3_e6_se"].build(64, 64, 1)
        assert program is not None
        candidates = [as_candidate(program)]
        weights = backend_kit.read_weights(backend_kit.build(candidates, (64, 2, 2)), candidates)
        for tensor in tensors(program):
            values = weights[tensor.slot]
            if tensor.kind == "weight":
                fan_out = values.shape[0] * values.shape[2] * values.shape[3]
                assert values.std() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
            else:
                assert np.all(values == (1.0 if tensor.kind == "scale" else 0.0))

    def test_resnet18(self, backend_kit: BackendKit[Net]) -> None:
        filters, strides = [64, 64, 128, 128, 256, 256, 512, 512], [1, 1, 2, 1, 2, 1, 2, 1]
        space = build_space((64, 56, 56), filters, strides, [BLOCKS["basic_x1"]])
        net = backend_kit.build(space.decode([0] * len(filters)), (64, 56, 56))
        # torchvision's resnet18 without its stem and its fully connected layer.
        assert backend_kit.parameters(net) == 11_166_976
