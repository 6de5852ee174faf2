"""The time left of a whole run, from that of its current stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from nasea.errors import Notice
from nasea.pipeline.planning.clock import Clock
from nasea.pipeline.session.events import Listener, Progress, Stage
from nasea.pipeline.session.pace import Pace

_ORDER: tuple[Stage, ...] = ("pretrain", "train", "separation", "search", "results")
"""The stages of a search that take long."""


class TimeLeft:
    """A listener that passes events on, with the time left of the whole run in the progress.

    While the duration of a later stage is unknown, that of the current stage is given as a figure
    with its own label.

    Args:
        listener: receives the events.
        clock: clock of a run with a time budget, which is used up; otherwise ``None``.
        now: returns the current time in seconds.
    """

    def __init__(
        self,
        listener: Listener,
        clock: Clock | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._now = now
        self._expected: dict[Stage, float] = {}
        self._paces: dict[Stage, Pace] = {}

    def expect(self, seconds: Mapping[Stage, float]) -> None:
        """Set the expected durations of stages that are still to come."""
        self._expected |= seconds

    def progress(self, progress: Progress) -> None:
        """Pass on, with the time left of the run."""
        if progress.stage in _ORDER:
            progress = self._of_run(progress)
        self._listener.progress(progress)

    def _of_run(self, progress: Progress) -> Progress:
        if self._clock is not None and self._clock.plan is not None:
            return replace(progress, seconds_left=max(self._clock.left, 0.0))
        left = progress.seconds_left
        if left is None:
            pace = self._paces.setdefault(progress.stage, Pace(self._now))
            left = pace.seconds_left(progress.done, progress.total)
        if left is None:
            return progress
        later = _ORDER[_ORDER.index(progress.stage) + 1 :]
        if all(stage in self._expected for stage in later):
            whole = left + sum(self._expected[stage] for stage in later)
            return replace(progress, seconds_left=whole)
        figures = {"this stage": f"{timedelta(seconds=round(left))} left", **progress.figures}
        return replace(progress, seconds_left=None, figures=figures)

    def notice(self, notice: Notice) -> None:
        """Pass on."""
        self._listener.notice(notice)

    def begin(self, stage: Stage, title: str) -> None:
        """Pass on."""
        self._listener.begin(stage, title)

    def line(self, text: str) -> None:
        """Pass on."""
        self._listener.line(text)
