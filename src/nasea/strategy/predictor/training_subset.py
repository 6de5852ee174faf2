"""Selects the scores to train a predictor on, if all of them would take too long."""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, IntArray

_EVEN = 0.25
"""Share that is spread evenly over all scores."""


def training_subset(
    costs: FloatArray, qualities: FloatArray, most: int
) -> tuple[IntArray, IntArray]:
    """Select the scores that are most informative about where the front may still rise.

    A quarter is spread evenly over the order in which they were scored, so that regions far from
    the front do not seem unexplored. The others are the front, and then those that fall least
    short of the best quality at their cost.

    Args:
        costs: shape (n,).
        qualities: shape (n,), in the order they were scored.
        most: how many are wanted, at least 1.

    Returns:
        Rising indices, all n where those are no more than ``most``, else ``most`` of them; and
        which of these, as positions among them, were not selected by what they are.
    """
    everything = np.arange(len(costs))
    if len(costs) <= most:
        return everything, everything
    count = int(np.ceil(_EVEN * most))
    even = np.linspace(0, len(costs) - 1, count).astype(np.int64)
    order = np.lexsort((-qualities, costs))
    best = np.maximum.accumulate(qualities[order])
    lacking, beaten = np.empty(len(costs)), np.ones(len(costs), dtype=np.bool_)
    lacking[order] = best - qualities[order]
    # Equals of what costs less lack nothing either, but are not the front.
    beaten[order] = np.append(False, best[1:] <= best[:-1])
    nearest = np.lexsort((beaten, lacking))
    near = nearest[~np.isin(nearest, even)][: most - count]
    rows: IntArray = np.sort(np.concatenate([even, near]))
    return rows, np.searchsorted(rows, even)
