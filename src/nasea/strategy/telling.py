"""Which scores a predictor is told of, where there are more than it can make use of in time."""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, IntArray

_NEAR = 0.75
"""Share of those told that lie nearest the front: that is where the next ones are looked for."""


def telling(costs: FloatArray, qualities: FloatArray, most: int) -> IntArray:
    """The scores that say most about where the front may still rise.

    Those that fall least short of the best quality to be had for their cost, the front first of
    all; and, so that what is far from it is not taken for unknown, others evenly spread over the
    order in which they were scored.

    Args:
        costs: shape (n,).
        qualities: shape (n,), in the order they were scored.
        most: how many are wanted, at least 1.

    Returns:
        Rising indices, all n where those are no more than ``most``, else ``most`` of them.
    """
    if len(costs) <= most:
        return np.arange(len(costs))
    order = np.lexsort((-qualities, costs))
    lacking = np.empty(len(costs))
    lacking[order] = np.maximum.accumulate(qualities[order]) - qualities[order]
    nearest = np.argsort(lacking, kind="stable")
    count = int(np.ceil(_NEAR * most))
    near, far = nearest[:count], np.sort(nearest[count:])
    spread = far[np.linspace(0, len(far) - 1, most - count).astype(np.int64)]
    rows: IntArray = np.sort(np.concatenate([near, spread]))
    return rows
