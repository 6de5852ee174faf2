"""Random architectures under the budget: the first generation, exploration, baselines."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from nasea.strategy.budget.cost_grid import RESOLUTION, CostGrid
from nasea.strategy.budget.enumeration import feasible_genomes
from nasea.strategy.budget.feasibility import cheapest_within
from nasea.strategy.problem import Genome, IntArray, Problem
from nasea.strategy.proposals import Proposals

_ROUNDS = 20
_LEAST_DRAWS = 32
_DRAWS_PER_STRATUM = 8
_DRAWS_PER_TOTAL = 32


def random_feasible(
    problem: Problem, count: int, rng: np.random.Generator, *, seen: Container[Genome] = ()
) -> list[Genome]:
    """Draw distinct canonical feasible genomes, uniformly among the feasible ones.

    Args:
        problem: the space and its budget.
        count: number of genomes.
        rng: the source of randomness.
        seen: canonical genomes to exclude.

    Returns:
        ``count`` genomes, or all there are when they are fewer (where the feasible ones are too
        many to list, all that a bounded number of draws found).

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """
    proposals = Proposals(problem, seen, count)
    fill_randomly(proposals, problem, CostGrid(problem), rng)
    return proposals.genomes


def neighbours(
    problem: Problem,
    genomes: Sequence[Genome],
    count: int,
    rng: np.random.Generator,
    *,
    seen: Container[Genome] = (),
) -> list[Genome]:
    """Draw distinct canonical feasible genomes that differ in one layer from one of those given.

    Args:
        problem: the space and its budget.
        genomes: at least one; each is as likely to be changed.
        count: how many are wanted.
        rng: draws genomes, layers and their new candidates, all with equal probability.
        seen: canonical genomes to leave out.

    Returns:
        ``count`` genomes, or what a bounded number of draws found.
    """
    proposals = Proposals(problem, seen, count)
    sizes = np.array(problem.choices, dtype=np.int64)
    layers = np.flatnonzero(sizes > 1)
    parents = np.array(genomes, dtype=np.int64)
    for _ in range(_ROUNDS if len(layers) else 0):
        if not proposals.missing:
            break
        children = parents[rng.integers(len(parents), size=max(_LEAST_DRAWS, 4 * count))]
        changed = rng.choice(layers, size=len(children))
        rows = np.arange(len(children))
        # An offset of 1 .. size - 1, modulo the size, is any candidate but the present one.
        offsets = rng.integers(1, sizes[changed])
        children[rows, changed] = (children[rows, changed] + offsets) % sizes[changed]
        proposals.offer(children)
    return proposals.genomes


def initial_population(problem: Problem, count: int, rng: np.random.Generator) -> list[Genome]:
    """Return the cheapest architecture, the most expensive feasible one, and others evenly between.

    Those that are cheapest in a further objective are among them too. Where the problem has
    starting points, they are half of the population; the problem's ``initial`` genomes come first.

    Args:
        problem: the space and its budget.
        count: how many are wanted.
        rng: the source of randomness.

    Returns:
        ``count`` distinct canonical feasible genomes, or all there are when they are fewer.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """
    proposals = Proposals(problem, (), count)
    grid = CostGrid(problem)
    if problem.initial:
        proposals.offer(np.array(problem.initial, dtype=np.int64))
    proposals.offer(np.array([problem.cheapest], dtype=np.int64))
    proposals.offer(_most_expensive(problem, grid, rng))
    for objective in problem.objectives:
        proposals.offer(np.array([objective.cheapest], dtype=np.int64))
    if problem.limits:
        proposals.offer(np.array([_any_feasible(problem)], dtype=np.int64))
    proposals.offer(_starting_points(problem, proposals.missing // 2))
    edges = np.linspace(0, RESOLUTION, proposals.missing + 1)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        proposals.offer(grid.draw(_DRAWS_PER_STRATUM, rng, low=low, high=high), most=1)
    fill_randomly(proposals, problem, grid, rng)
    return proposals.genomes


def fill_randomly(
    proposals: Proposals, problem: Problem, grid: CostGrid, rng: np.random.Generator
) -> None:
    """Fill proposals with random feasible genomes; list the space where drawing finds too few."""
    # What meets one budget may exceed another: they take turns to propose.
    grids = [grid, *(CostGrid(view) for view in problem.views[1:])]
    for turn in range(_ROUNDS * len(grids)):
        if proposals.missing == 0:
            return
        chosen = grids[turn % len(grids)]
        proposals.offer(chosen.draw(max(2 * proposals.missing, _LEAST_DRAWS), rng))
    rest = feasible_genomes(problem)
    if rest is not None:
        proposals.offer(rng.permutation(rest))


def _starting_points(problem: Problem, count: int) -> IntArray:
    """Return feasible starting points, evenly over their costs, shape (at most count, genes)."""
    points = np.array(problem.starting_points, dtype=np.int64).reshape(-1, len(problem.choices))
    points = points[problem.feasible(points)]
    if count == 0 or len(points) <= count:
        return points[: count or 0]
    costs = problem.cost(points)
    order = np.argsort(costs, kind="stable")
    wanted = np.linspace(costs.min(), costs.max(), count)
    chosen = order[np.unique(np.searchsorted(costs[order], wanted))]
    nearest: IntArray = points[chosen]
    return nearest


def _any_feasible(problem: Problem) -> Genome:
    """Return a genome that meets every budget, or the cheapest where there is none."""
    return cheapest_within(problem) or problem.cheapest


def _most_expensive(problem: Problem, grid: CostGrid, rng: np.random.Generator) -> IntArray:
    """Return a genome as close to the budget as the grid can tell, shape (1, layers)."""
    for total in grid.totals[::-1]:
        genomes = grid.draw(_DRAWS_PER_TOTAL, rng, low=total, high=total)
        costs = problem.cost(genomes)
        costs[~problem.feasible(genomes)] = -np.inf
        best = int(np.argmax(costs))
        if np.isfinite(costs[best]):
            return genomes[[best]]
    return np.array([problem.cheapest], dtype=np.int64)
