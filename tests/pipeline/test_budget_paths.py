"""Paths about a budget: blocks fair, widths for the cost, every usable width with its share."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasea.cost import CostModel, Costs, build_cost_model
from nasea.pipeline.supernet.paths import ABOVE, BELOW, BudgetPaths, pathfinder, usable_trunks
from nasea.space import build_space, catalogue, fair_path
from nasea.strategy import Problem

STEPS = 400
BLOCKS = [catalogue()[name] for name in ("skip", "separable_k3", "inverted_k3_e6", "basic_x2")]


def model(widths: list[float] | None) -> CostModel:
    space = build_space(
        (8, 16, 16), [16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1], BLOCKS, widths=widths, divisor=4
    )
    return build_cost_model(space, "flops", [Costs(100, 50_000)])


def problem(costs: CostModel, budget: float) -> Problem:
    return Problem(
        costs.space.choices,
        costs.space.canonical,
        costs,
        costs.layer_costs,
        budget,
    )


@pytest.fixture(scope="module")
def costs() -> CostModel:
    return model([0.25, 0.5, 1, 2])


def test_blocks_are_as_fair_as_ever(costs: CostModel) -> None:
    paths = BudgetPaths(costs, problem(costs, 16e6), seed=3)
    again = BudgetPaths(costs, problem(costs, 16e6), seed=3)
    fair = 0
    for step in range(100):
        path = paths(step)
        fair += path[:6] == fair_path(costs.space.block_choices, 3, step)
        assert costs.space.validate(path) == path
    assert path == again(99), "a function of the step"
    assert fair > 90, "but for blocks that a wide stage brings over the budget"


@pytest.mark.parametrize("budget", [3e5, 1e6, 4e6, 16e6])
def test_most_paths_are_about_the_budget(costs: CostModel, budget: float) -> None:
    paths = BudgetPaths(costs, problem(costs, budget), seed=0)
    genomes = [paths(step) for step in range(STEPS)]
    values = costs(np.array(genomes))
    about = np.mean((values >= 0.9 * BELOW * budget) & (values <= 1.1 * ABOVE * budget))
    assert about > 0.85, "but for the share of trunks that are too narrow for it"
    assert values.max() < 8 * budget
    aims = ABOVE * budget - max(BELOW * budget, values.min())
    spread = np.quantile(values, 0.8) - np.quantile(values, 0.2)
    assert spread > aims / 3, "evenly between: three fifths, were every aim met"


@pytest.mark.parametrize("budget", [1e6, 4e6])
def test_every_usable_trunk_has_a_share_and_no_other(costs: CostModel, budget: float) -> None:
    paths = BudgetPaths(costs, problem(costs, budget), seed=0)
    found = Counter(paths(step)[6] for step in range(STEPS))
    assert set(found) == set(usable_trunks(costs, budget))
    assert min(found.values()) > STEPS // 50


def test_a_trunk_is_usable_if_one_of_its_architectures_meets_the_budget(costs: CostModel) -> None:
    every = np.array(list(np.ndindex(*costs.space.choices)))
    cheapest = [costs(every[every[:, 6] == trunk]).min() for trunk in range(4)]
    for budget in (cheapest[1], cheapest[2] - 1, cheapest[3]):
        expected = tuple(t for t in range(4) if cheapest[t] <= budget)
        assert usable_trunks(costs, budget) == expected
    assert usable_trunks(costs, 1.0) == (0, 1, 2, 3), "all, where none is"


def test_without_widths_paths_are_what_they_were() -> None:
    costs = model(None)
    paths = pathfinder(costs, problem(costs, 1e6), 7)
    assert [paths(step) for step in range(9)] == [
        fair_path(costs.space.choices, 7, step) for step in range(9)
    ]
