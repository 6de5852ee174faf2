"""Architectures to choose from by prediction: all there are, or bred where they are too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from nasea.strategy.archive import Archive
from nasea.strategy.cost_grid import CostGrid
from nasea.strategy.enumeration import feasible_genomes
from nasea.strategy.evolution.operators import mutate, uniform_crossover
from nasea.strategy.proposals import Proposals
from nasea.strategy.predictor.kernel import Encoder, Points
from nasea.strategy.problem import FloatArray, Genome, IntArray, Problem

LISTED = 50_000
"""Feasible genomes up to which all of them are candidates."""

_BLOCK = 1000
_SCORED_PARENTS = 100
_BRED_AT_ONCE = 800
_ROUNDS = 4
_PARENTS = 100


class Pool:
    """Source of the candidates of a problem.

    Args:
        problem: whose feasible architectures.
        listed: up to how many are all of them candidates.
    """

    def __init__(self, problem: Problem, listed: int = LISTED) -> None:
        self._problem = problem
        self._listed = listed
        self._encode = Encoder(problem)

    def candidates(
        self,
        archive: Archive,
        promise: Callable[[Points], FloatArray],
        rng: np.random.Generator,
    ) -> tuple[IntArray, FloatArray]:
        """Feasible canonical architectures that are not in the archive.

        Args:
            archive: what is scored.
            promise: how much is to be hoped for, (n points) -> (n,); what is bred, is bred for it.
                It is asked about points in single precision.
            rng: breeds.

        Returns:
            Genomes, shape (n, layers), and how much they promise, shape (n,).
        """
        if self._all is None:
            return self._bred(archive, promise, rng)
        genomes, points, row_of = self._all
        left = np.ones(len(genomes), dtype=np.bool_)
        left[[row_of[record.genome] for record in archive if record.genome in row_of]] = False
        rows = np.flatnonzero(left)
        # A block at a time stays in the processor's cache.
        blocks = [
            promise(points[rows[begin : begin + _BLOCK]]) for begin in range(0, len(rows), _BLOCK)
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
        return genomes, self._encode(genomes).rough, row_of

    def _bred(
        self, archive: Archive, promise: Callable[[Points], FloatArray], rng: np.random.Generator
    ) -> tuple[IntArray, FloatArray]:
        """Offspring of the front and of what promised most, and random ones of every cost."""
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
            promised = promise(self._encode(genomes).rough)
            best = np.argsort(-promised, kind="stable")[:_PARENTS]
            parents = np.concatenate([parents, genomes[best]])[-2 * _PARENTS :]
        return genomes, promised


def _array(genomes: Sequence[Genome], problem: Problem) -> IntArray:
    return np.array(genomes, dtype=np.int64).reshape(-1, problem.layers)
