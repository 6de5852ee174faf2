"""How predictions compare with measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def kendall_tau(one: Sequence[float], other: Sequence[float]) -> float:
    """Rank correlation (tau-a): concordant less discordant pairs, over all pairs."""
    a, b = np.asarray(one), np.asarray(other)
    upper = np.triu_indices(len(a), 1)
    signs = np.sign(a[:, None] - a)[upper] * np.sign(b[:, None] - b)[upper]
    return float(signs.mean())


def relative_errors(predicted: Sequence[float], measured: Sequence[float]) -> dict[str, float]:
    """Mean and largest |predicted / measured - 1|, and the share of those within 10 %."""
    errors = np.abs(np.asarray(predicted) / np.asarray(measured) - 1)
    return {
        "mean": float(errors.mean()),
        "largest": float(errors.max()),
        "within_10_percent": float((errors <= 0.1).mean()),
    }
