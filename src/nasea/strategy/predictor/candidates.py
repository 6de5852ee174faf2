"""Candidates for the acquisition function: all architectures, or bred ones if too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from nasea.strategy.archive import Archive
from nasea.strategy.budget.cost_grid import CostGrid
from nasea.strategy.budget.enumeration import feasible_genomes
from nasea.strategy.evolution.operators import mutate, uniform_crossover
from nasea.strategy.predictor.kernel import Encoder, Points
from nasea.strategy.problem import FloatArray, Genome, IntArray, Problem
from nasea.strategy.proposals import Proposals

LISTED = 50_000
"""Feasible genomes up to which all of them are candidates."""

_BLOCK = 1000
_SCORED_PARENTS = 100
_BRED_AT_ONCE = 800
_ROUNDS = 4
_PARENTS = 100


class CandidatePool:
    """The candidates of a problem.

    Args:
        problem: whose feasible architectures.
        listed: up to this many architectures, all are candidates.
    """

    def __init__(self, problem: Problem, listed: int = LISTED) -> None:
        self._problem = problem
        self._listed = listed
        self._encode = Encoder(problem)

    def candidates(
        self,
        archive: Archive,
        acquisition: Callable[[Points], FloatArray],
        rng: np.random.Generator,
    ) -> tuple[IntArray, FloatArray]:
        """Return feasible canonical architectures that are not in the archive.

        Args:
            archive: what is scored.
            acquisition: the value of scoring, (n points) -> (n,), which breeding maximises; it is
                given points in single precision.
            rng: draws parents and offspring.

        Returns:
            Genomes, shape (n, layers), and their acquisition, shape (n,).
        """
        if self._all is None:
            return self._bred(archive, acquisition, rng)
        genomes, points, row_of = self._all
        left = np.ones(len(genomes), dtype=np.bool_)
        left[[row_of[record.genome] for record in archive if record.genome in row_of]] = False
        rows = np.flatnonzero(left)
        # One block fits the processor's cache.
        blocks = [
            acquisition(points[rows[begin : begin + _BLOCK]])
            for begin in range(0, len(rows), _BLOCK)
        ]
        return genomes[rows], np.concatenate([np.empty(0), *blocks])

    @cached_property
    def _all(self) -> tuple[IntArray, Points, dict[Genome, int]] | None:
        """Every feasible canonical genome, or ``None`` where there are too many."""
        listed = feasible_genomes(self._problem, self._listed)
        if listed is None:
            return None
        canonical = {self._problem.canonical(tuple(row)): None for row in listed.tolist()}
        row_of = {genome: row for row, genome in enumerate(canonical)}
        genomes = _array(list(row_of), self._problem)
        return genomes, self._encode(genomes).in_single_precision, row_of

    def _bred(
        self,
        archive: Archive,
        acquisition: Callable[[Points], FloatArray],
        rng: np.random.Generator,
    ) -> tuple[IntArray, FloatArray]:
        """Breed from the front and the highest acquisition, beside random ones of every cost."""
        proposals = Proposals(self._problem, archive, _ROUNDS * _BRED_AT_ONCE)
        front = [record.genome for record in archive.front(self._problem.budget)]
        parents = _array(front[-_SCORED_PARENTS:], self._problem)
        proposals.offer(CostGrid(self._problem).draw(_BRED_AT_ONCE // 2, rng))
        for _ in range(_ROUNDS):
            mothers, fathers = (
                parents[rng.integers(len(parents), size=_BRED_AT_ONCE)] for _ in range(2)
            )
            children = mutate(uniform_crossover(mothers, fathers, rng), self._problem.choices, rng)
            proposals.offer(children)
            genomes = _array(proposals.genomes, self._problem)
            values = acquisition(self._encode(genomes).in_single_precision)
            best = np.argsort(-values, kind="stable")[:_PARENTS]
            parents = np.concatenate([parents, genomes[best]])[-2 * _PARENTS :]
        return genomes, values


def _array(genomes: Sequence[Genome], problem: Problem) -> IntArray:
    return np.array(genomes, dtype=np.int64).reshape(-1, problem.layers)
