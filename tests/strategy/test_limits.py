"""Several budgets at once: nothing that breaks one is proposed, and what exists is found."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.strategy import Limit, Problem, Score, cheapest_within, random_feasible, run_search
from nasea.strategy.budget.enumeration import feasible_genomes

from .synthetic import make_problem, wide_problem

COSTS = st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=3, max_size=3)


def with_limit(
    first: list[list[int]], second: list[list[int]], budgets: tuple[int, int]
) -> Problem:
    one = make_problem([[float(c) for c in row] for row in first], budget=float(budgets[0]))
    other = make_problem([[float(c) for c in row] for row in second], budget=float(budgets[1]))
    return replace(one, limits=(Limit(other.cost, other.layer_costs, other.budget),))


def brute_force(problem: Problem) -> list[tuple[int, ...]]:
    genomes = list(itertools.product(*(range(size) for size in problem.choices)))
    fits = problem.feasible(np.array(genomes))
    return [genome for genome, ok in zip(genomes, fits, strict=True) if ok]


@given(st.integers(0, 200), st.floats(0.8, 2.5), st.floats(0.8, 2.5))
def test_with_widths_by_brute_force(seed: int, one: float, other: float) -> None:
    problem = wide_problem(4, 2, seed=seed, tightness=1.0 + one)
    beside = wide_problem(4, 2, seed=seed + 1000, tightness=other)
    problem = replace(problem, limits=(Limit(beside.cost, beside.layer_costs, beside.budget),))
    feasible = brute_force(problem)
    found = cheapest_within(problem)
    if not feasible:
        assert found is None
        return
    assert found is not None and found in feasible
    assert problem.costs([found])[0] == pytest.approx(min(problem.costs(feasible)))
    listed = feasible_genomes(problem)
    assert listed is not None
    assert [tuple(row) for row in listed.tolist()] == feasible


@given(COSTS, COSTS, st.tuples(st.integers(103, 127), st.integers(103, 127)))
def test_the_cheapest_within_all_budgets_by_brute_force(
    first: list[list[int]], second: list[list[int]], budgets: tuple[int, int]
) -> None:
    problem = with_limit(first, second, budgets)
    feasible = brute_force(problem)
    found = cheapest_within(problem)
    if not feasible:
        assert found is None
    else:
        assert found in feasible
        assert problem.costs([found])[0] == min(problem.costs(feasible))


@given(COSTS, COSTS, st.tuples(st.integers(109, 127), st.integers(109, 127)), st.integers(0, 9))
def test_whatever_is_drawn_meets_every_budget_and_none_is_missed(
    first: list[list[int]], second: list[list[int]], budgets: tuple[int, int], seed: int
) -> None:
    problem = with_limit(first, second, budgets)
    feasible = brute_force(problem)
    if not feasible:
        return
    drawn = random_feasible(problem, 100, np.random.default_rng(seed))
    assert sorted(drawn) == feasible
    listed = feasible_genomes(problem)
    assert listed is not None
    assert sorted(map(tuple, listed.tolist())) == feasible


def test_a_search_stays_within_every_budget() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(1, 30, size=(6, 5)).tolist() for _ in range(2))
    problem = with_limit(first, second, (200, 190))

    def evaluate(genomes: object) -> list[Score]:
        return [Score(float(sum(g)), float(sum(g))) for g in genomes]  # type: ignore[attr-defined]

    outcome = run_search(problem, evaluate, pop_size=12, generations=8, seed=0)
    genomes = np.array([record.genome for record in outcome.archive])
    assert len(genomes) == 96
    assert problem.feasible(genomes).all()


def test_a_tight_second_budget_still_yields_candidates() -> None:
    rng = np.random.default_rng(1)
    first, second = (rng.lognormal(3, 1, size=(10, 8)).tolist() for _ in range(2))
    one, other = make_problem(first), make_problem(second)
    cheapest = other.cheapest_cost
    problem = replace(one, limits=(Limit(other.cost, other.layer_costs, 1.15 * cheapest),))
    drawn = random_feasible(problem, 30, np.random.default_rng(0))
    assert len(drawn) == 30
    assert problem.feasible(np.array(drawn)).all()


def test_the_views_are_the_budgets_one_by_one() -> None:
    problem = with_limit([[1, 2]] * 3, [[5, 3]] * 3, (110, 112))
    own, other = problem.views
    assert (own.budget, other.budget) == (110, 112)
    assert (own.cheapest, other.cheapest) == ((0, 0, 0), (1, 1, 1))
    assert own.limits == other.limits == ()
    with pytest.raises(AttributeError):
        own.budget = 3.0  # type: ignore[misc]
