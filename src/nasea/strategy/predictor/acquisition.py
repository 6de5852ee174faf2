"""What an architecture may add to the hypervolume of the front, as it will be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasea.strategy.problem import FloatArray


@dataclass(frozen=True, eq=False)
class Staircase:
    """The front as a function of the cost: the best quality seen up to there, and what to believe.

    A front shows scores, and a score is the more likely to be a lucky one the better it looks. So
    each step has two heights: the score, which a newcomer has to beat to be on the front at all,
    and the quality to expect there, from which its gain counts.

    Costs are shares of the range from the cheapest architecture to the budget.

    Attributes:
        costs: where the steps begin, rising, the first at 0, shape (k,).
        seen: scores, rising, shape (k,).
        believed: expected qualities, shape (k,).
    """

    costs: FloatArray
    seen: FloatArray
    believed: FloatArray

    @classmethod
    def of(
        cls, costs: FloatArray, seen: FloatArray, believed: FloatArray, floor: float
    ) -> Staircase:
        """The front among points.

        Args:
            costs: shares, shape (n,).
            seen: scores, shape (n,).
            believed: expected qualities, shape (n,).
            floor: the quality worth nothing; what is below adds nothing.
        """
        order = np.lexsort((-seen, costs))
        costs, seen, believed = costs[order], seen[order], believed[order]
        before = np.concatenate([[floor], np.maximum.accumulate(np.maximum(seen, floor))[:-1]])
        on_front = seen > before
        return cls(
            np.concatenate([[0.0], costs[on_front]]),
            np.concatenate([[floor], seen[on_front]]),
            np.concatenate([[floor], np.maximum(believed[on_front], floor)]),
        )

    def with_point(self, cost: float, seen: float, believed: float) -> Staircase:
        """The front once another point is among those it is of."""
        return Staircase.of(
            np.append(self.costs[1:], cost),
            np.append(self.seen[1:], seen),
            np.append(self.believed[1:], believed),
            float(self.seen[0]),
        )

    def gain(self, costs: FloatArray, seen: FloatArray, believed: FloatArray) -> FloatArray:
        """Hypervolume that architectures would add; negative where luck would replace quality.

        Args:
            costs: shares, shape (n,).
            seen: the scores they may get, shape (n, m).
            believed: the quality to expect of each after such a score, shape (n, m).

        Returns:
            Gains in units of quality, shape (n, m).
        """
        begin = np.broadcast_to(costs[:, None], seen.shape)
        # It is on the front from its own cost on, until a step at least as high begins.
        step = np.searchsorted(self.seen, seen)
        ends = np.append(self.costs, 1.0)
        end = np.maximum(ends[step], begin)
        gains: FloatArray = believed * (end - begin) - (self._area(end) - self._area(begin))
        return gains

    def _area(self, costs: FloatArray) -> FloatArray:
        """Integral of ``believed`` from 0."""
        areas = np.concatenate([[0.0], np.cumsum(self.believed[:-1] * np.diff(self.costs))])
        step = np.searchsorted(self.costs, costs, side="right") - 1
        area: FloatArray = areas[step] + self.believed[step] * (costs - self.costs[step])
        return area
