"""Hand picks cost what was asked for and keep what PreNet and PostNet were written for."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.cost import count
from nasea.space import Shape, Space, catalogue
from nasea.space.blocks import Block
from nasea.space.families import Family, known_families, pointwise, uniform_families
from nasea.space.hand_picks import TOLERANCE, HandPick, OutOfReach, scaled, stages_of
from nasea.space.ops import Program

FAMILIES = (*known_families(), *uniform_families(catalogue().values()))
BODY: Shape = (16, 16, 16)


def price_of(kind: str) -> Callable[[Space], float]:
    def price(space: Space) -> float:
        costs = (count(layer.candidates[0].program, layer.in_shape) for layer in space.layers)
        return float(sum(getattr(one, kind) for one in costs))

    return price


@st.composite
def bodies(draw: st.DrawFn) -> tuple[list[int], list[int], tuple[int, ...]]:
    strides = draw(st.lists(st.sampled_from([1, 1, 2]), min_size=1, max_size=7))
    filters = [draw(st.sampled_from([8, 16, 24, 32])) for _ in strides]
    taps = draw(st.sets(st.integers(0, len(strides) - 1), max_size=2))
    return filters, strides, tuple(sorted(taps))


@given(
    body=bodies(),
    family=st.sampled_from(FAMILIES),
    budget=st.floats(4e3, 4e6),
    kind=st.sampled_from(["parameters", "flops"]),
)
@settings(max_examples=40, deadline=None)
def test_costs_and_what_the_ends_see(
    body: tuple[list[int], list[int], tuple[int, ...]], family: Family, budget: float, kind: str
) -> None:
    filters, strides, taps = body
    price = price_of(kind)
    found = scaled(family, BODY, stages_of(filters, strides, taps), budget, price)
    if isinstance(found, OutOfReach):
        assert found.reason is None
        if found.least is not None:
            assert found.least > budget
        elif found.most is not None:
            assert found.most < budget
        return
    space = found.space(BODY)
    assert abs(price(space) / budget - 1) <= TOLERANCE
    assert space.choices == (1,) * len(space.layers)
    assert space.blocks((0,) * len(space.layers)) == tuple(block.name for block in found.blocks)
    height = width = BODY[1]
    shapes = []
    for channels, stride in zip(filters, strides, strict=True):
        height, width = math.ceil(height / stride), math.ceil(width / stride)
        shapes.append((channels, height, width))
    assert [space.layers[tap].out_shape for tap in space.taps] == [shapes[tap] for tap in taps]
    assert space.out_shape == shapes[-1]


@pytest.mark.parametrize("family", known_families(), ids=lambda family: family.name)
def test_widths_double_where_the_resolution_halves(family: Family) -> None:
    stages = stages_of([16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1], ())
    found = scaled(family, BODY, stages, 6e6, price_of("flops"))
    assert isinstance(found, HandPick)
    trunk = [w for w, b in zip(found.filters, found.blocks, strict=True) if b != family.last]
    by_stage = sorted(set(trunk))
    assert len(by_stage) == 3
    for narrow, wide in zip(by_stage, by_stage[1:], strict=False):
        assert wide / narrow == pytest.approx(2, rel=0.2)


def test_wide_trunks_have_widths_that_hardware_likes() -> None:
    stages = stages_of([16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1], ())
    for family in known_families():
        found = scaled(family, BODY, stages, 300e6, price_of("flops"))
        assert isinstance(found, HandPick)
        assert min(found.filters) >= 48
        assert all(width % 8 == 0 for width in found.filters)


def test_uniform_choices_are_the_user_s_body_where_that_fits() -> None:
    filters, strides = [16, 16, 32], [1, 1, 2]
    (family,) = uniform_families([catalogue()["separable_k5"]])
    price = price_of("parameters")
    as_is = HandPick(family, 0, (16, 16, 32), (1, 1, 2), (catalogue()["separable_k5"],) * 3, ())
    budget = price(as_is.space(BODY))
    found = scaled(family, BODY, stages_of(filters, strides, ()), budget, price)
    assert isinstance(found, HandPick)
    assert (found.filters, found.strides) == (tuple(filters), tuple(strides))


def test_skip_is_no_hand_pick() -> None:
    assert "uniform_skip" not in [family.name for family in FAMILIES]


def test_a_family_out_of_reach_says_how_far() -> None:
    family = known_families()[0]
    stages = stages_of([8, 64], [1, 2], ())
    small = scaled(family, BODY, stages, 100.0, price_of("parameters"))
    assert isinstance(small, OutOfReach)
    assert small.least is not None and small.least > 100

    def fixed(space: Space) -> float:
        return 7.0

    large = scaled(family, BODY, stages, 1e6, fixed)
    assert isinstance(large, OutOfReach) and large.most == 7.0

    def coarse(space: Space) -> float:
        return 1000.0 * (space.layers[0].out_shape[0] // 64)

    between = scaled(family, BODY, stages, 1500.0, coarse)
    assert isinstance(between, OutOfReach) and between.nearest in (1000.0, 2000.0)


def test_a_block_that_does_not_apply_everywhere_says_where() -> None:
    def build(c_in: int, c_out: int, stride: int) -> Program | None:
        return pointwise("relu").build(c_in, c_out, stride) if stride == 1 else None

    (family,) = uniform_families([Block("mine", "mine", build)])
    stages = stages_of([8, 8], [1, 2], ())
    found = scaled(family, BODY, stages, 1e4, price_of("parameters"))
    assert isinstance(found, OutOfReach)
    assert found.reason is not None and "mine" in found.reason and "stride 2" in found.reason
