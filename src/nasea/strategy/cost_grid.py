"""Drawing architectures by their cost, exactly and without rejection, however tight the budget.

Costs add up over layers. On a grid between the cheapest architecture and the budget, the number of
ways in which the layers from *i* on can add up to *t* follows from those of the layers from *i* + 1
on; walking these counts forwards draws a genome uniformly among all of a given total.
"""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, IntArray, Problem

RESOLUTION = 2048
"""Grid cells between the cheapest architecture and the budget."""


class CostGrid:
    """Counts of a problem's genomes by cost, on a grid.

    Costs are rounded to the nearest cell, so a genome's total may be off by half a cell a layer:
    what is drawn is almost surely, not surely, feasible.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """

    def __init__(self, problem: Problem) -> None:
        extras = [costs - costs.min() for costs in problem.layer_costs]
        # A budget beyond the most expensive architecture ends the grid at that one.
        slack = min(problem.slack, float(sum(extra.max() for extra in extras)))
        cell = slack / RESOLUTION or 1.0
        size = RESOLUTION + problem.layers // 2 + 1
        # A candidate that exceeds the budget by itself is put beyond the grid's end.
        self._steps = [
            np.rint(np.where(extra <= slack, extra / cell, size)).astype(np.int64)
            for extra in extras
        ]
        # Rows are scaled to a maximum of 1 against overflow; only ratios within a row matter.
        ways = np.zeros(size)
        ways[0] = 1.0
        self._ways = [ways]
        for steps in reversed(self._steps):
            ways = np.zeros(size)
            for step in steps[steps < size]:
                ways[step:] += self._ways[0][: size - step]
            self._ways.insert(0, ways / ways.max())

    @property
    def totals(self) -> IntArray:
        """The totals, in cells, that some genome has; rising, from 0 for the cheapest."""
        return np.flatnonzero(self._ways[0])

    def draw(
        self,
        count: int,
        rng: np.random.Generator,
        *,
        low: float = 0.0,
        high: float = float("inf"),
    ) -> IntArray:
        """Draw genomes uniformly among those whose total lies in [low, high], in cells.

        Args:
            count: how many; they may repeat.
            rng: the source of randomness.
            low: the least total.
            high: the greatest total.

        Returns:
            Genomes, shape (count, layers); shape (0, layers) when none has such a total.
        """
        totals = self.totals
        totals = totals[(totals >= low) & (totals <= high)]
        if len(totals) == 0:
            return np.empty((0, len(self._steps)), dtype=np.int64)
        ways = self._ways[0][totals]
        left = rng.choice(totals, size=count, p=ways / ways.sum())
        genes = []
        for steps, ways_after in zip(self._steps, self._ways[1:], strict=True):
            left_after = left[:, None] - steps
            weights = np.where(left_after >= 0, ways_after[np.maximum(left_after, 0)], 0.0)
            gene = _weighted_choice(weights, rng)
            left = left_after[np.arange(count), gene]
            genes.append(gene)
        return np.column_stack(genes)


def _weighted_choice(weights: FloatArray, rng: np.random.Generator) -> IntArray:
    """Draw a column for each row, by weight; never one of weight 0."""
    cumulated = np.cumsum(weights, axis=1)
    thresholds = rng.random((len(weights), 1)) * cumulated[:, -1:]
    chosen: IntArray = np.argmax(thresholds < cumulated, axis=1)
    return chosen
