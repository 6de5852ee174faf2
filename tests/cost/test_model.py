"""The cost table: it must agree with counting the whole network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.cost import CostModel, Costs, build_cost_model, count, format_cost
from nasea.space import Space, build_space, catalogue
from nasea.terms import COSTS, CostKind

ENDS = [Costs(1000, 50_000), Costs(77, 123)]
COUNTED: tuple[CostKind, ...] = ("size", "flops")
NAMES = ["skip", "separable_k3", "inverted_k5_e6", "basic_x0.25", "basic_x2"]


WIDTHS = {"fixed": None, "widths": [0.5, 1, 2]}


@pytest.fixture(scope="module", params=list(WIDTHS))
def space(request: pytest.FixtureRequest) -> Space:
    blocks = [catalogue()[name] for name in NAMES]
    widths = WIDTHS[request.param]
    return build_space((8, 9, 7), [8, 8, 12, 12], [1, 1, 2, 1], blocks, widths=widths, divisor=4)


@pytest.fixture(scope="module", params=COUNTED)
def model(request: pytest.FixtureRequest, space: Space) -> CostModel:
    return build_cost_model(space, request.param, ENDS)


@pytest.fixture(scope="module")
def genomes(space: Space) -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(n) for n in space.choices)))


@given(data=st.data())
def test_the_table_agrees_with_counting_the_whole(model: CostModel, data: st.DataObject) -> None:
    space = model.space
    genome = tuple(data.draw(st.integers(0, n - 1)) for n in space.choices)
    whole = tuple(op for candidate in space.decode(genome) for op in candidate.program)
    body = count(whole, space.layers[0].in_shape)
    assert model.costs(genome) == body + Costs(1077, 50_123)


def test_many_at_once_agrees_with_one_at_a_time(
    model: CostModel, genomes: list[tuple[int, ...]]
) -> None:
    together = model(np.array(genomes))
    assert together.dtype == np.float64
    assert together.tolist() == [model.value(model.costs(genome)) for genome in genomes]
    assert model(np.empty((0, len(model.space.choices)), dtype=np.int64)).shape == (0,)


def test_cheapest_and_most_expensive_by_brute_force(
    model: CostModel, genomes: list[tuple[int, ...]]
) -> None:
    values = model(np.array(genomes))
    kind = model.constraint_type
    assert (model.cheapest_of(kind), model.most_expensive_of(kind)) == (values.min(), values.max())
    assert model.value(model.costs(model.cheapest)) == values.min()
    assert model.value(model.costs(model.most_expensive)) == values.max()
    for extreme in (model.cheapest, model.most_expensive):
        assert model.space.canonical(extreme) == extreme


def test_the_constraint_picks_the_value(space: Space) -> None:
    size, flops = (build_cost_model(space, kind, []) for kind in COUNTED)
    costs = Costs(3, 5)
    assert (size.value(costs), flops.value(costs)) == (3.0, 5.0)
    assert size.fixed == Costs(0, 0)
    assert size.table == flops.table
    latency = CostModel(space, "latency", Costs(0, 0, 0.0), ())
    assert latency.value(Costs(3, 5, 1.5)) == 1.5


@pytest.mark.parametrize(
    "value, constraint_type, text",
    [
        (0, "size", "0 parameters"),
        (12, "size", "12 parameters"),
        (1_234, "size", "1.23 k parameters"),
        (2_314_159, "size", "2.31 M parameters"),
        (11_000_000, "size", "11 M parameters"),
        (999_999, "size", "1 M parameters"),
        (999_400, "size", "999 k parameters"),
        (999.7, "size", "1 k parameters"),
        (340e6, "flops", "340 M FLOPs"),
        (3.64e9, "flops", "3.64 G FLOPs"),
        (1.5e12, "flops", "1500 G FLOPs"),
        (12.44, "latency", "12.4 ms"),
        (0.51234, "latency", "0.512 ms"),
        (1234.0, "latency", "1230 ms"),
    ],
)
def test_format_cost(value: float, constraint_type: str, text: str) -> None:
    assert format_cost(value, constraint_type) == text


@given(st.floats(1e-3, 1e13), st.sampled_from(sorted(COSTS)))
def test_a_formatted_cost_is_true_to_three_digits(value: float, constraint_type: str) -> None:
    number, *prefix, unit = format_cost(value, constraint_type).split()
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}[prefix[0]] if prefix else 1.0
    assert unit == COSTS[constraint_type].unit
    assert float(number) * scale == pytest.approx(value, rel=5e-3)
