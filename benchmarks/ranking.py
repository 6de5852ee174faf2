"""How predictions compare with measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nasea.strategy.ranking import kendall_tau
from recording import table


def relative_errors(predicted: Sequence[float], measured: Sequence[float]) -> dict[str, float]:
    """Mean and largest |predicted / measured - 1|, and the share of those within 10 %."""
    errors = np.abs(np.asarray(predicted) / np.asarray(measured) - 1)
    return {
        "mean": float(errors.mean()),
        "largest": float(errors.max()),
        "within_10_percent": float((errors <= 0.1).mean()),
    }


def print_judged(
    columns: Mapping[str, Sequence[float]], measured: Sequence[float]
) -> dict[str, dict[str, float]]:
    """Print and return how well each prediction agrees with what was measured.

    Args:
        columns: predictions in ms, by their names.
        measured: in ms, in the same order.
    """
    judged = {
        name: {**relative_errors(column, measured), "tau": kendall_tau(column, measured)}
        for name, column in columns.items()
    }
    head = ["prediction", "mean error", "largest", "within 10 %", "Kendall tau"]
    print(table(head, [
        [name, f"{j['mean']:.1%}", f"{j['largest']:.1%}", f"{j['within_10_percent']:.0%}",
         f"{j['tau']:.2f}"]
        for name, j in judged.items()
    ]))  # fmt: skip
    return judged
