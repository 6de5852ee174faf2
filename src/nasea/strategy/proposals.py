"""A collection of architectures to score: feasible, and not seen before."""

from __future__ import annotations

from collections.abc import Container

from nasea.strategy.problem import Genome, IntArray, Problem


class Proposals:
    """A list of distinct feasible canonical genomes that grows up to a limit.

    Args:
        problem: determines feasibility and canonical forms.
        seen: canonical genomes to exclude.
        limit: number of genomes to collect.
    """

    def __init__(self, problem: Problem, seen: Container[Genome], limit: int) -> None:
        self._problem = problem
        self._seen = seen
        self._limit = limit
        # A dictionary is an ordered set.
        self._genomes: dict[Genome, None] = {}

    @property
    def missing(self) -> int:
        """The number of genomes still to be found."""
        return self._limit - len(self._genomes)

    @property
    def genomes(self) -> list[Genome]:
        """The genomes so far, in order."""
        return list(self._genomes)

    def offer(self, genomes: IntArray, *, most: int | None = None) -> IntArray:
        """Add genomes that are feasible and new, in order, up to the limit.

        Args:
            genomes: shape (n, layers); need not be canonical.
            most: take no more than this many.

        Returns:
            The infeasible ones among them, shape (m, layers).
        """
        room = self.missing if most is None else min(most, self.missing)
        feasible = self._problem.feasible(genomes)
        for row in genomes[feasible].tolist():
            if room == 0:
                break
            genome = self._problem.canonical(tuple(row))
            if genome not in self._seen and genome not in self._genomes:
                self._genomes[genome] = None
                room -= 1
        return genomes[~feasible]
