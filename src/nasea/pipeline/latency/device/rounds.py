"""Decides when a latency is known well enough, by the shortest half of the rounds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 3


@dataclass(frozen=True)
class Patience:
    """The stopping rule of a measurement.

    Attributes:
        least: smallest number of rounds, at least 3.
        most: largest number of rounds.
        spread: largest (highest - lowest) / lowest of the closest half of the rounds.
    """

    least: int = 3
    most: int = 15
    spread: float = 0.03


@dataclass(frozen=True)
class Agreed:
    """The value on which the rounds agree.

    Attributes:
        ms: median of the closest half, in ms.
        spread: (highest - lowest) / lowest of that half.
        rounds: number of all rounds, outliers included.
    """

    ms: float
    spread: float
    rounds: int


def agreed(times: Sequence[float]) -> Agreed:
    """Return the summary of the closest rounds: more than half of them, and at least three.

    Rounds that are too long or too short do not affect it as long as they are the minority (the
    shorth of robust statistics).

    Args:
        times: times of at least one round, in ms, > 0.
    """
    order = sorted(times)
    size = min(len(order), max(FEWEST, len(order) // 2 + 1))
    windows = [order[first : first + size] for first in range(len(order) - size + 1)]
    best = min(windows, key=lambda window: window[-1] / window[0])
    spread = best[-1] / best[0] - 1 if len(order) >= FEWEST else math.inf
    return Agreed(statistics.median(best), spread, len(order))


def is_enough(times: Sequence[float], patience: Patience) -> bool:
    """Return whether no further round is needed."""
    if len(times) < patience.least:
        return False
    return len(times) >= patience.most or agreed(times).spread <= patience.spread
