"""Timing what a runtime runs so that it comes out the same again.

On a shared machine the median of naive timings differs by tens of per cent between runs. What
helps: one thread; no waiting in a loop; no garbage collection meanwhile; a fresh session each
round, as memory may lie well or badly for the life of a session; a warm-up by the clock; the 10th
percentile, as disturbances only ever add; and rounds until the best of them agree. Everything that
is compared is timed in turns, so that a slow minute of the machine is slow for all.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Run = Callable[[], object]


@dataclass(frozen=True)
class Effort:
    """How long is measured.

    Attributes:
        warm_up_s: seconds before a round is timed.
        timed_s: seconds that a round is timed.
        least_rounds: rounds at least.
        most_rounds: rounds at most.
        agreement: the best three rounds may differ by this share, or rounds go on.
    """

    warm_up_s: float = 0.1
    timed_s: float = 0.2
    least_rounds: int = 5
    most_rounds: int = 20
    agreement: float = 0.01


CAREFUL = Effort()
"""For whole networks that serve as a reference: about 2 s each on a quiet machine."""

BRISK = Effort(warm_up_s=0.03, timed_s=0.06, least_rounds=4, most_rounds=12, agreement=0.02)
"""For the many pieces of a table: about half a second each."""


@dataclass(frozen=True)
class Timing:
    """A time and how far it can be trusted.

    Attributes:
        ms: median of the best three rounds, milliseconds.
        spread: (slowest - fastest) / fastest of the best three rounds.
        rounds: rounds timed.
    """

    ms: float
    spread: float
    rounds: int


@dataclass(frozen=True)
class Job:
    """Something to time.

    Attributes:
        make: makes a fresh session and returns what runs it once.
        effort: how long it is timed.
    """

    make: Callable[[], Run]
    effort: Effort


def time_all(
    jobs: Sequence[Job],
    on_round: Callable[[int, int], None] = lambda done, total: None,
) -> list[Timing]:
    """Time several things in turns.

    Args:
        jobs: what to time.
        on_round: called after every turn with (jobs that had ended before it, jobs in all).
    """
    found: list[list[float]] = [[] for _ in jobs]
    with _undisturbed():
        while open_ := [i for i, times in enumerate(found) if not _ended(times, jobs[i].effort)]:
            for index in open_:
                found[index].append(_round(jobs[index].make(), jobs[index].effort))
            on_round(len(jobs) - len(open_), len(jobs))
    return [_summary(times) for times in found]


def _round(run: Run, effort: Effort) -> float:
    """Return milliseconds of one run: the 10th percentile of a round."""
    clock = time.perf_counter
    end = clock() + effort.warm_up_s
    run()
    while clock() < end:
        run()
    times = []
    end = clock() + effort.timed_s
    while True:
        start = clock()
        run()
        now = clock()
        times.append(now - start)
        if now > end and len(times) >= 3:
            break
    times.sort()
    return 1e3 * times[len(times) // 10]


def _ended(times: Sequence[float], effort: Effort) -> bool:
    if len(times) < effort.least_rounds:
        return False
    return len(times) >= effort.most_rounds or _summary(times).spread <= effort.agreement


def _summary(times: Sequence[float]) -> Timing:
    best = sorted(times)[:3]
    return Timing(statistics.median(best), best[-1] / best[0] - 1, len(times))


@contextmanager
def _undisturbed() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
