"""Measures of rank correlation and regret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from nasea.strategy.problem import FloatArray

Values: TypeAlias = Sequence[float] | FloatArray


def kendall_tau(one: Values, other: Values) -> float:
    """Return the rank correlation (tau-b, which allows for ties), from -1 to 1.

    Returns:
        0 where one of them is the same value throughout: it ranks nothing.
    """
    from scipy.stats import kendalltau

    return _or_zero(kendalltau(one, other).statistic)


def spearman_rho(one: Values, other: Values) -> float:
    """Return the correlation of the ranks, from -1 to 1; 0 where one of them ranks nothing."""
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return _or_zero(spearmanr(one, other).statistic)


def top_k_regret(predicted: Values, true: Values, k: int) -> float:
    """Return what is lost by considering only the ``k`` predicted to be best.

    Args:
        predicted: higher is better.
        true: the same, of the same things, in the unit of the result.
        k: at least 1.

    Returns:
        The best of all less the best of those ``k``; 0 when the best is among them.
    """
    # A stable order: of equals the first.
    chosen = np.argsort(-np.asarray(predicted), kind="stable")[:k]
    return float(np.max(true) - np.max(np.asarray(true)[chosen]))


def tau_interval(
    one: Values, other: Values, level: float = 0.95, draws: int = 2000
) -> tuple[float, float]:
    """Return a percentile bootstrap interval of Kendall's tau.

    Efron & Tibshirani 1993, *An Introduction to the Bootstrap*, section 13.3.

    Args:
        one: values.
        other: of the same things.
        level: of confidence, in (0, 1).
        draws: resamples; their random numbers are always the same.
    """
    rng = np.random.default_rng(0)
    a, b = np.asarray(one), np.asarray(other)
    taus = []
    for _ in range(draws):
        chosen = rng.integers(len(a), size=len(a))
        taus.append(kendall_tau(a[chosen], b[chosen]))
    low, high = np.quantile(taus, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _or_zero(value: float) -> float:
    return 0.0 if np.isnan(value) else float(value)
