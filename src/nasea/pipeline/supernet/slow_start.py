"""Detects a learning rate that is too small, which would silently waste a search.

The default for PyTorch segmentation is 1e-5, as in the classic manual. That is too small for many
data sets; the published examples use 1e-4.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from nasea.config import Scenario
from nasea.errors import Notice

_KEY = "optimizer.weights_optimizer.learning_rate"
_SMALL = 1e-5
_FEWEST = 12
"""Of fewer updates nothing can be said."""

_MOVED = 0.01
"""A loss moves if it falls by this share within the epoch."""


def small_rate_notice(scenario: Scenario) -> Notice | None:
    """Return a notice, before training, about the default learning rate of PyTorch segmentation."""
    rate = scenario.optimizer.learning_rate
    if scenario.framework != "pytorch" or scenario.task != "segmentation" or rate > _SMALL:
        return None
    return Notice(
        _KEY,
        f"training begins with {rate:g} (default for segmentation: 1e-5); if the loss hardly "
        "moves in the first epoch, write 1e-4, as the published examples do",
    )


def slow_start_notice(losses: Sequence[float], rate: float) -> Notice | None:
    """Return a warning when the loss hardly fell in the first epoch; ``None`` when it did.

    The last quarter of the updates is compared with the first. The loss fell if the difference is
    at least 1 % of the loss and larger than its standard error.

    Args:
        losses: losses of all updates of the epoch, in order.
        rate: ``learning_rate`` of the scenario.
    """
    quarter = len(losses) // 4
    if len(losses) < _FEWEST or not all(map(math.isfinite, losses)):
        return None
    first, last = losses[:quarter], losses[-quarter:]
    begun, ended = statistics.fmean(first), statistics.fmean(last)
    error = math.sqrt((statistics.variance(first) + statistics.variance(last)) / quarter)
    if begun - ended > max(error, _MOVED * abs(begun)):
        return None
    return Notice(
        _KEY,
        f"the loss hardly moved in the first epoch: {begun:.4g} in its first quarter, {ended:.4g} "
        f"in its last; the learning rate, {rate:g}, may be too small (or too large), unless your "
        "schedule is still warming up",
    )
