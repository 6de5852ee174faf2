"""The acquisition function: expected improvement of the hypervolume, under noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasea.strategy.predictor.gaussian_process import Posterior
from nasea.strategy.predictor.output_transform import OutputTransform
from nasea.strategy.problem import FloatArray

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, eq=False)
class NoisyFront:
    """The Pareto front as a step function of cost: the best observed quality, and the expected one.

    A front shows scores, and the better a score looks, the likelier it was a lucky one. So each
    step has two heights: the observed quality, which a new architecture must beat to be on the
    front at all, and the quality to expect there, from which its improvement counts.

    Costs are shares of the range from the cheapest architecture to the budget.

    Attributes:
        costs: where the steps begin, rising, the first at 0, shape (k,).
        observed: scores, rising, shape (k,).
        expected: expected qualities, shape (k,).
    """

    costs: FloatArray
    observed: FloatArray
    expected: FloatArray

    @classmethod
    def of(
        cls, costs: FloatArray, observed: FloatArray, expected: FloatArray, floor: float
    ) -> NoisyFront:
        """Return the front among points.

        Args:
            costs: shares, shape (n,).
            observed: scores, shape (n,).
            expected: expected qualities, shape (n,).
            floor: quality of the reference point; lower qualities add nothing.
        """
        order = np.lexsort((-observed, costs))
        costs, observed, expected = costs[order], observed[order], expected[order]
        best = np.maximum.accumulate(np.maximum(observed, floor))
        on_front = observed > np.concatenate([[floor], best[:-1]])
        return cls(
            np.concatenate([[0.0], costs[on_front]]),
            np.concatenate([[floor], observed[on_front]]),
            np.concatenate([[floor], np.maximum(expected[on_front], floor)]),
        )

    def with_point(self, cost: float, observed: float, expected: float) -> NoisyFront:
        """Return the front with another point among its own."""
        return NoisyFront.of(
            np.append(self.costs[1:], cost),
            np.append(self.observed[1:], observed),
            np.append(self.expected[1:], expected),
            float(self.observed[0]),
        )

    def improvement(
        self, costs: FloatArray, observed: FloatArray, expected: FloatArray
    ) -> FloatArray:
        """Return what architectures would add to the hypervolume.

        Args:
            costs: shares, shape (n,).
            observed: the scores they may get, shape (n, m).
            expected: the quality to expect of each after such a score, shape (n, m).

        Returns:
            Improvements in units of quality, shape (n, m); negative where a lucky score would
            replace a better architecture.
        """
        begin = np.broadcast_to(costs[:, None], observed.shape)
        # It is on the front from its own cost on, until a step at least as high begins.
        step = np.searchsorted(self.observed, observed)
        ends = np.append(self.costs, 1.0)
        end = np.maximum(ends[step], begin)
        added: FloatArray = expected * (end - begin) - (self._area(end) - self._area(begin))
        return added

    def _area(self, costs: FloatArray) -> FloatArray:
        """Integrate ``expected`` from 0."""
        areas = np.concatenate([[0.0], np.cumsum(self.expected[:-1] * np.diff(self.costs))])
        step = np.searchsorted(self.costs, costs, side="right") - 1
        area: FloatArray = areas[step] + self.expected[step] * (costs - self.costs[step])
        return area


def expected_improvement(
    posterior: Posterior, transform: OutputTransform, front: NoisyFront
) -> FloatArray:
    """Return the expected improvement of the hypervolume by each architecture, shape (n,)."""
    means = posterior.means[:, None]
    variances = posterior.process.calibration * posterior.variances[:, None]
    # A score deviates from the mean by error and by noise; only the former is quality.
    deviations = np.sqrt(variances + posterior.process.noise) * _NODES
    signal = variances / (variances + posterior.process.noise)
    improvements = front.improvement(
        posterior.points.costs,
        transform.invert(means + deviations),
        transform.invert(means + signal * deviations),
    )
    expected: FloatArray = improvements @ _WEIGHTS
    return expected
