"""Measures the latency of functions reproducibly.

On a shared machine the median of naive timings differs by tens of per cent between runs. These
measures help:

* one thread, without busy-waiting, and without garbage collection;
* a new session in each round, as its memory layout, good or bad, is fixed for its lifetime;
* a warm-up of fixed duration;
* the 10th percentile of each round, as disturbances only add time;
* rounds until the best of them agree.

Everything that is compared is timed in turns, so that a slow period affects all alike.
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
    """The duration of a measurement.

    Attributes:
        warm_up_s: seconds of warm-up before each round.
        timed_s: seconds that are timed in each round.
        least_rounds: minimum number of rounds.
        most_rounds: maximum number of rounds.
        agreement: largest relative difference between the best three rounds at which timing ends.
    """

    warm_up_s: float = 0.1
    timed_s: float = 0.2
    least_rounds: int = 5
    most_rounds: int = 20
    agreement: float = 0.01


CAREFUL = Effort()
"""For whole networks used as a reference: about 2 s each on a quiet machine."""

BRISK = Effort(warm_up_s=0.03, timed_s=0.06, least_rounds=4, most_rounds=12, agreement=0.02)
"""For the many subgraphs of a table: about half a second each."""


@dataclass(frozen=True)
class Timing:
    """A measured time and its reliability.

    Attributes:
        ms: median of the best three rounds, milliseconds.
        spread: (slowest - fastest) / fastest of the best three rounds.
        rounds: number of rounds.
    """

    ms: float
    spread: float
    rounds: int


@dataclass(frozen=True)
class Job:
    """A function to be timed.

    Attributes:
        make: starts a new session and returns a function that runs it once.
        effort: duration of the measurement.
    """

    make: Callable[[], Run]
    effort: Effort


def time_all(
    jobs: Sequence[Job],
    on_round: Callable[[int, int], None] = lambda done, total: None,
) -> list[Timing]:
    """Time several functions in turns.

    Args:
        jobs: the functions.
        on_round: called after every turn with (jobs that had finished before it, number of jobs).
    """
    found: list[list[float]] = [[] for _ in jobs]
    with _undisturbed():
        while open_ := [i for i, times in enumerate(found) if not _ended(times, jobs[i].effort)]:
            for index in open_:
                found[index].append(_round(jobs[index].make(), jobs[index].effort))
            on_round(len(jobs) - len(open_), len(jobs))
    return [_summary(times) for times in found]


def _round(run: Run, effort: Effort) -> float:
    """Return the milliseconds of one run: the 10th percentile of a round."""
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
