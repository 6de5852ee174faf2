"""When a latency is known well enough: the shortest half of the rounds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 3


@dataclass(frozen=True)
class Patience:
    """How long is measured.

    Attributes:
        least: rounds at least, 3 or more.
        most: rounds at most.
        spread: half of the rounds must lie this close together: (highest - lowest) / lowest.
    """

    least: int = 3
    most: int = 15
    spread: float = 0.03


@dataclass(frozen=True)
class Agreed:
    """What the rounds agree on.

    Attributes:
        ms: median of the half that lies closest together.
        spread: (highest - lowest) / lowest of that half.
        rounds: all rounds, outliers included.
    """

    ms: float
    spread: float
    rounds: int


def agreed(times: Sequence[float]) -> Agreed:
    """The rounds that lie closest together, more than half of them and at least three.

    Neither a round that was disturbed nor one that reports too little moves it, as long as
    they are the minority (the shorth of robust statistics).

    Args:
        times: milliseconds, > 0, of one round at least.
    """
    order = sorted(times)
    size = min(len(order), max(FEWEST, len(order) // 2 + 1))
    windows = [order[first : first + size] for first in range(len(order) - size + 1)]
    best = min(windows, key=lambda window: window[-1] / window[0])
    spread = best[-1] / best[0] - 1 if len(order) >= FEWEST else math.inf
    return Agreed(statistics.median(best), spread, len(order))


def is_enough(times: Sequence[float], patience: Patience) -> bool:
    """Whether no further round is needed."""
    if len(times) < patience.least:
        return False
    return len(times) >= patience.most or agreed(times).spread <= patience.spread
