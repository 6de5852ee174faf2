"""Drawing architectures by their cost, exactly and without rejection, however tight the budget.

Costs add up over layers. On a grid between the cheapest architecture and the budget, the number of
ways in which the layers from *i* on can add up to *t* follows from those of the layers from *i* + 1
on; walking these counts forwards draws a genome uniformly among all of a given total. Where widths
are searched, there is one such count for each width that arrives at a layer.
"""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, IntArray, Problem

RESOLUTION = 2048
"""Grid cells between the cheapest architecture and the budget."""


_WINDOW = 0.02
"""How far a cost may be off to count as about another, as a share of the grid."""


class CostGrid:
    """Counts of a problem's genomes by cost, on a grid.

    Costs are rounded to the nearest cell, so a genome's total may be off by half a cell a layer:
    what is drawn is almost surely, not surely, feasible.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """

    def __init__(self, problem: Problem) -> None:
        self._chain, self._genes = problem.chain, problem.layers
        extras = self._chain.extras
        # With a budget beyond the most expensive architecture the grid ends at that one.
        most = sum(float(extra.max(where=np.isfinite(extra), initial=0.0)) for extra in extras)
        slack = min(problem.slack, most)
        self._least, self._cell = problem.cheapest_cost, slack / RESOLUTION or 1.0
        cell = self._cell
        size = RESOLUTION + len(extras) // 2 + 1
        # A candidate that exceeds the budget by itself is put beyond the grid's end.
        self._steps = [
            np.rint(np.where(extra <= slack, extra, size * cell) / cell).astype(np.int64)
            for extra in extras
        ]
        # Rows are scaled to a maximum of 1 against overflow; only ratios within a layer matter.
        ways = np.zeros((extras[-1].shape[1], size))
        ways[:, 0] = 1.0
        self._ways = [ways]
        for steps in reversed(self._steps):
            ways = np.zeros((steps.shape[0], size))
            for before, behind, gene in np.argwhere(steps < size):
                step = steps[before, behind, gene]
                ways[before, step:] += self._ways[0][behind, : size - step]
            self._ways.insert(0, ways / ways.max())

    @property
    def totals(self) -> IntArray:
        """The totals, in cells, that some genome has; rising, from 0 for the cheapest."""
        return np.flatnonzero(self._ways[0][0])

    def draw_near(self, cost: float, count: int, rng: np.random.Generator) -> IntArray:
        """Draw genomes of about a given cost, or else of the nearest possible cost.

        Args:
            cost: the cost, in the problem's unit.
            count: number of genomes; they may repeat.
            rng: the source of randomness.

        Returns:
            Genomes, shape (count, genes).
        """
        cell = (cost - self._least) / self._cell
        off = np.abs(self.totals - cell)
        window = max(float(off.min()), _WINDOW * RESOLUTION) + 0.5
        return self.draw(count, rng, low=cell - window, high=cell + window)

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
            Genomes, shape (count, genes); shape (0, genes) when none has such a total.
        """
        totals = self.totals
        totals = totals[(totals >= low) & (totals <= high)]
        if len(totals) == 0:
            return np.empty((0, self._genes), dtype=np.int64)
        ways = self._ways[0][0, totals]
        left = rng.choice(totals, size=count, p=ways / ways.sum())
        rows, state = np.arange(count), np.zeros(count, dtype=np.int64)
        genes, states = [], []
        for steps, ways_after in zip(self._steps, self._ways[1:], strict=True):
            candidates = steps.shape[2]
            left_after = left[:, None] - steps[state].reshape(count, -1)
            behind = np.repeat(np.arange(steps.shape[1]), candidates)
            counted = ways_after[behind, np.maximum(left_after, 0)]
            weights = np.where(left_after >= 0, counted, 0.0)
            chosen = _weighted_choice(weights, rng)
            left = left_after[rows, chosen]
            state = chosen // candidates
            genes.append(chosen % candidates)
            states.append(state)
        return self._chain.genomes(np.column_stack(genes), np.column_stack(states))


def _weighted_choice(weights: FloatArray, rng: np.random.Generator) -> IntArray:
    """Draw a column for each row, by weight; never one of weight 0."""
    cumulated = np.cumsum(weights, axis=1)
    thresholds = rng.random((len(weights), 1)) * cumulated[:, -1:]
    chosen: IntArray = np.argmax(thresholds < cumulated, axis=1)
    return chosen
