"""Adds the remaining time of a stage and of the whole run to reports of progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from nasea.errors import Notice
from nasea.pipeline.session.events import Listener, Progress, Stage
from nasea.pipeline.session.pace import Pace


class Forecast:
    """A listener that passes all events on, progress with the remaining times.

    Args:
        listener: receives the events.

    Attributes:
        deadline: returns the seconds until the run has to end; ``None`` without a time budget.
    """

    def __init__(self, listener: Listener) -> None:
        self.deadline: Callable[[], float] | None = None
        self._listener = listener
        self._pace = Pace()
        self._later: dict[Stage, float] | None = None

    def expect(self, later: Mapping[Stage, float]) -> None:
        """Set the expected seconds of the stages after the current one, in their order."""
        self._later = dict(later)

    def notice(self, notice: Notice) -> None:
        """Pass on."""
        self._listener.notice(notice)

    def begin(self, stage: Stage, title: str) -> None:
        """Pass on; the stage and those before it are expected no more."""
        self._pace = Pace()
        if self._later is not None and stage in self._later:
            names = list(self._later)
            ahead = names[names.index(stage) + 1 :]
            self._later = {name: self._later[name] for name in ahead}
        self._listener.begin(stage, title)

    def progress(self, progress: Progress) -> None:
        """Pass on, with the remaining times as far as they are known."""
        left = progress.seconds_left
        if left is None:
            left = self._pace.seconds_left(progress.done, progress.total)
        run_left = None
        if self.deadline is not None:
            run_left = max(self.deadline(), 0.0)
        elif left is not None and self._later is not None:
            run_left = left + sum(self._later.values())
        self._listener.progress(replace(progress, seconds_left=left, run_seconds_left=run_left))

    def line(self, text: str) -> None:
        """Pass on."""
        self._listener.line(text)
