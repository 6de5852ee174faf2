"""Timing in turns, on things whose time is known: nothing here asks a clock for a figure."""

from __future__ import annotations

import gc

from nasea.backends.export.host.timing import Effort, Job, Timing, _summary, time_all

QUICK = Effort(warm_up_s=0.0, timed_s=0.0, least_rounds=3, most_rounds=5, agreement=1e9)


def test_every_round_has_a_fresh_session_and_rounds_take_turns() -> None:
    made: list[str] = []

    def maker(name: str) -> Job:
        def make() -> object:
            made.append(name)
            return lambda: None

        return Job(make, QUICK)  # type: ignore[arg-type]

    message: list[tuple[int, int]] = []
    timings = time_all([maker("a"), maker("b")], lambda done, total: message.append((done, total)))
    assert made == ["a", "b"] * 3
    assert [timing.rounds for timing in timings] == [3, 3]
    assert message[-1] == (0, 2)
    assert gc.isenabled()


def test_rounds_end_where_patience_does() -> None:
    never = Effort(0.0, 0.0, least_rounds=2, most_rounds=6, agreement=-1.0)
    [timing] = time_all([Job(lambda: lambda: None, never)])
    assert timing.rounds == 6


def test_disturbed_rounds_do_not_count() -> None:
    assert _summary([1.0, 9.0, 1.01, 1.02, 5.0]) == Timing(1.01, 1.02 / 1.0 - 1, 5)
