"""Shows progress: a bar if the cursor can move, else a line at intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import rich.progress
from rich.console import Console

from nasea.cli.terminal.console import print_line
from nasea.pipeline.session.events import Progress
from nasea.translation import translate, translate_label

REDRAW_SECONDS = 0.2
"""The bar is drawn at most this often."""

LINE_SECONDS = 10.0
"""Without a bar, progress is printed after this many seconds without other output."""


class Meter(Protocol):
    """A display of progress."""

    def show(self, progress: Progress) -> None:
        """Show that the stage advanced."""

    def rest(self) -> None:
        """Note that something else was printed."""

    def stop(self) -> None:
        """End the display of the stage."""


class Bar:
    """A bar with figures, below all other output.

    Args:
        console: a terminal.
        clock: seconds, monotonic.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._drawn_at = float("-inf")
        self._bar: rich.progress.Progress | None = None
        self._task = rich.progress.TaskID(0)

    def show(self, progress: Progress) -> None:
        """Redraw the bar, unless it was redrawn very recently."""
        now = self._clock()
        if self._bar is not None and now - self._drawn_at < REDRAW_SECONDS:
            if progress.done < progress.total:
                return
        self._drawn_at = now
        if self._bar is None:
            self._bar = _make_bar(self._console)
            self._task = self._bar.add_task(translate_label(progress.stage), figures="")
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            figures=", ".join(_figures(progress)),
        )
        self._bar.start()  # nothing, when it is shown already
        self._bar.refresh()

    def rest(self) -> None:
        """Do nothing: the bar stays below the printed lines."""

    def stop(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _make_bar(console: Console) -> rich.progress.Progress:
    return rich.progress.Progress(
        rich.progress.TextColumn("{task.description}", markup=False),
        rich.progress.BarColumn(bar_width=16),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TextColumn("{task.fields[figures]}", markup=False),
        console=console,
        # No refresh thread: data workers are forked, and a fork must not inherit its held lock.
        auto_refresh=False,
        transient=True,
    )


class Ticker:
    """An occasional line, for logs.

    Args:
        console: where it is printed.
        clock: seconds, monotonic.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._spoke_at = clock()

    def show(self, progress: Progress) -> None:
        """Print a line if nothing was printed for a while."""
        if self._clock() - self._spoke_at < LINE_SECONDS:
            return
        print_line(self._console, in_a_line(progress))
        self.rest()

    def rest(self) -> None:
        """Restart the waiting time."""
        self._spoke_at = self._clock()

    def stop(self) -> None:
        """Do nothing: lines stay."""


def in_a_line(progress: Progress) -> str:
    """Return the progress of a stage in one line."""
    unit = progress.unit if progress.total == 1 else f"{progress.unit}s"
    counted = f"{progress.done}/{progress.total} {translate_label(unit, 'unit')}"
    return f"{translate_label(progress.stage)}: " + ", ".join([counted, *_figures(progress)])


def _figures(progress: Progress) -> list[str]:
    shown = [
        f"{translate_label(label)} {translate(value)}" for label, value in progress.figures.items()
    ]
    if progress.seconds_left is not None:  # first, so that a narrow terminal does not cut it off
        shown.insert(0, translate(f"{timedelta(seconds=round(progress.seconds_left))} left"))
    return shown
