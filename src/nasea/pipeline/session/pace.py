"""Estimates the remaining time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Estimates the remaining time from the pace since the first report."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start: tuple[int, float] | None = None

    def seconds_left(self, done: int, total: int) -> float | None:
        """Return the estimated seconds left; ``None`` at the first report."""
        now = self._clock()
        if self._start is None:
            self._start = (done, now)
            return None
        first, began = self._start
        if done <= first:
            return None
        # More can be done than planned: a resumed search may hold more scores than it asks for.
        return (now - began) / (done - first) * max(total - done, 0)
