from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.errors import BudgetError
from nasea.strategy import Archive, Problem, Study, random_feasible
from nasea.strategy.budget.cost_grid import RESOLUTION, CostGrid
from nasea.strategy.budget.enumeration import feasible_genomes
from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.evolution.nsga3 import Nsga3
from nasea.strategy.predictor.assisted import Assisted
from nasea.strategy.sampling import initial_population, neighbours

from .synthetic import all_feasible, make_problem, random_problem, some_problem


@given(
    layers=st.integers(1, 4),
    candidates=st.integers(1, 4),
    tightness=st.floats(1.001, 4.0),
    seed=st.integers(0, 500),
    count=st.integers(1, 60),
    wide=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_samples_are_distinct_feasible_and_as_many_as_there_can_be(
    layers: int, candidates: int, tightness: float, seed: int, count: int, wide: bool
) -> None:
    problem = some_problem(layers, candidates, seed=seed, tightness=tightness, wide=wide)
    feasible = all_feasible(problem)
    for sample in (random_feasible, initial_population):
        genomes = sample(problem, count, np.random.default_rng(seed))
        assert len(set(genomes)) == len(genomes) == min(count, len(feasible))
        assert set(genomes) <= feasible


@given(
    layers=st.integers(1, 4),
    candidates=st.integers(1, 4),
    tightness=st.floats(1.001, 4.0),
    seed=st.integers(0, 500),
    wide=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_neighbours_differ_in_one_layer_and_all_are_found(
    layers: int, candidates: int, tightness: float, seed: int, wide: bool
) -> None:
    problem = some_problem(layers, candidates, seed=seed, tightness=tightness, wide=wide)
    rng = np.random.default_rng(seed)
    one, other = (random_feasible(problem, 2, rng) * 2)[:2]
    wanted = {
        genome
        for genome in all_feasible(problem)
        if 1 in (sum(a != b for a, b in zip(genome, near, strict=True)) for near in (one, other))
    } - {one, other}
    found = neighbours(problem, [one, other], 100, rng, seen={one, other})
    assert len(set(found)) == len(found)
    assert set(found) == wanted
    assert len(neighbours(problem, [one, other], 1, rng, seen={one, other})) == min(1, len(wanted))


def test_twins_are_drawn_once() -> None:
    problem = make_problem([[1, 2]] * 4, twins=True)
    genomes = random_feasible(problem, 100, np.random.default_rng(0))
    assert len(genomes) == 2**4
    assert all(problem.canonical(genome) == genome for genome in genomes)


def test_seen_genomes_are_left_out() -> None:
    problem = make_problem([[1, 2]] * 4)
    seen = set(random_feasible(problem, 10, np.random.default_rng(0)))
    rest = random_feasible(problem, 100, np.random.default_rng(1), seen=seen)
    assert seen.isdisjoint(rest)
    assert len(rest) == 6


@pytest.mark.parametrize("wide", [False, True])
def test_draws_are_uniform_over_the_feasible(wide: bool) -> None:
    problem = some_problem(3, 4, seed=1, tightness=1.6, wide=wide)
    feasible = all_feasible(problem)
    assert 5 < len(feasible) < np.prod(problem.choices)
    drawn = CostGrid(problem).draw(200 * len(feasible), np.random.default_rng(0))
    counts = Counter(tuple(row) for row in drawn.tolist())
    assert feasible <= set(counts)
    assert min(counts[genome] for genome in feasible) > 140
    assert max(counts[genome] for genome in feasible) < 260


def test_tight_budget_where_chance_finds_nothing() -> None:
    problem = random_problem(8, 12, seed=3, tightness=1.05)
    rng = np.random.default_rng(0)
    by_chance = rng.integers(problem.choices, size=(20_000, 8))
    assert not (problem.cost(by_chance) <= problem.budget).any()
    genomes = initial_population(problem, 20, rng)
    assert len(genomes) == 20
    assert (problem.costs(genomes) <= problem.budget).all()


@pytest.mark.parametrize("tightness", [1.2, 2.0, 5.0, 1e6])
def test_first_generation_spans_the_costs_evenly(tightness: float) -> None:
    problem = random_problem(8, 12, seed=2, tightness=tightness)
    genomes = initial_population(problem, 42, np.random.default_rng(0))
    costs = problem.costs(genomes)
    most_expensive = min(problem.budget, float(sum(c.max() for c in problem.layer_costs)) + 100)
    assert genomes[0] == problem.cheapest
    assert costs[1] == costs.max()
    assert costs[1] > problem.cheapest_cost + 0.99 * (most_expensive - problem.cheapest_cost)
    histogram, _ = np.histogram(costs, bins=5, range=(problem.cheapest_cost, most_expensive))
    assert histogram.min() >= 5


@given(
    seed=st.integers(0, 500),
    tightness=st.floats(1.001, 4.0),
    count=st.integers(1, 40),
    points=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_starting_points_are_half_of_the_first_generation(
    seed: int, tightness: float, count: int, points: int
) -> None:
    problem = random_problem(6, 8, seed=seed, tightness=tightness)
    rng = np.random.default_rng(seed)
    genomes = [tuple(map(int, row)) for row in rng.integers(8, size=(points, 6))]
    problem = replace(problem, starting_points=tuple(genomes))
    feasible = {g for g in genomes if problem.costs([g])[0] <= problem.budget}
    first = initial_population(problem, count, rng)
    assert len(set(first)) == len(first)
    assert (problem.costs(first) <= problem.budget).all()
    wanted = max(0, count - 2) // 2
    taken = len(feasible & set(first))
    assert taken >= min(wanted, len(feasible), 1)
    if len(feasible) <= wanted:
        assert taken == len(feasible)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_the_most_expensive_comes_within_a_hundredth_of_the_true_one(seed: int, wide: bool) -> None:
    problem = some_problem(4, 6, seed=seed, tightness=1.5, wide=wide)
    best = problem.costs(list(all_feasible(problem))).max()
    found = problem.costs(initial_population(problem, 2, np.random.default_rng(0)))[1]
    assert best - 0.01 * problem.slack <= found <= best


def test_budget_of_exactly_the_cheapest() -> None:
    problem = make_problem([[0.3, 0.1], [0.1, 0.2], [0.7, 0.7]], budget=100 + 0.1 + 0.1 + 0.7)
    genomes = initial_population(problem, 10, np.random.default_rng(0))
    assert set(genomes) == {(1, 0, 0), (1, 0, 1)} == all_feasible(problem)


def test_unsatisfiable_budget_is_told_with_both_numbers() -> None:
    problem = make_problem([[10, 20], [5, 7]], budget=50)
    rng = np.random.default_rng(0)
    for call in (random_feasible, initial_population):
        with pytest.raises(BudgetError, match="cheapest costs 115, the budget is 50"):
            call(problem, 3, rng)
    with pytest.raises(BudgetError):
        feasible_genomes(problem)


@given(seed=st.integers(0, 500), tightness=st.floats(1.001, 3.0), wide=st.booleans())
@settings(deadline=None)
def test_enumeration_agrees_with_brute_force(seed: int, tightness: float, wide: bool) -> None:
    problem = some_problem(4, 3, seed=seed, tightness=tightness, wide=wide)
    listed = feasible_genomes(problem)
    assert listed is not None
    assert [tuple(row) for row in listed.tolist()] == sorted(all_feasible(problem))


def test_enumeration_lists_the_few_of_a_huge_space_and_declines_the_many() -> None:
    costs = [[1.0] + [1000.0 + i for i in range(11)]] * 10
    few = make_problem(costs, budget=100 + 9 + 1010)
    listed = feasible_genomes(few)
    assert listed is not None
    assert len(listed) == 1 + 10 * 11
    assert feasible_genomes(make_problem(costs)) is None


def test_grid_draws_what_was_asked_for() -> None:
    problem = random_problem(8, 6, seed=5, tightness=2.0)
    grid = CostGrid(problem)
    rng = np.random.default_rng(0)
    cell = problem.slack / RESOLUTION
    low, high = 0.3 * RESOLUTION, 0.35 * RESOLUTION
    totals = (problem.cost(grid.draw(500, rng, low=low, high=high)) - problem.cheapest_cost) / cell
    rounding = problem.layers / 2
    assert totals.min() >= low - rounding
    assert totals.max() <= high + rounding
    assert grid.draw(5, rng, low=10 * RESOLUTION).shape == (0, 8)


def test_problem_checks_its_own_shape() -> None:
    good = make_problem([[1, 2], [3]])
    with pytest.raises(ValueError, match="at least one candidate"):
        make_problem([[1, 2], []])
    with pytest.raises(ValueError, match="layer_costs has sizes"):
        Problem((2, 2), good.canonical, good.cost, good.layer_costs, 1.0)
    with pytest.raises(ValueError, match="finite"):
        make_problem([[1, 2]], budget=float("nan"))


@pytest.mark.parametrize("strategy", [Nsga2(), Nsga3(), Assisted()])
@pytest.mark.parametrize("count", [1, 5, 30])
def test_the_users_networks_are_all_in_the_first_generation(strategy: Any, count: int) -> None:
    problem = random_problem(8, 12, seed=2, tightness=2.0)
    own = random_feasible(problem, count, np.random.default_rng(1))
    study = Study(replace(problem, initial=tuple(own)), Archive(), 0, 30, seed=0)
    first = strategy.ask(study)
    assert first[:count] == own
    assert len(set(first)) == len(first) <= 30
