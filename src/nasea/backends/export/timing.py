"""Measures the duration of a call on a machine that is not idle."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

WARM_UP_SECONDS = 0.1
SECONDS = 0.5
FEWEST = 10


def median_seconds(call: Callable[[], object]) -> float:
    """Return the median of at least 10 calls and 0.5 s, after a warm-up, with the collector off."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < WARM_UP_SECONDS:
        call()
    collecting = gc.isenabled()
    gc.disable()
    try:
        times: list[float] = []
        while sum(times) < SECONDS or len(times) < FEWEST:
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return statistics.median(times)
    finally:
        if collecting:
            gc.enable()
