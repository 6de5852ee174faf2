"""Shows progress: a bar if the cursor can move, else a line at intervals."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from nasea.cli.terminal.console import print_line
from nasea.cli.terminal.live import LiveLine
from nasea.pipeline.session.events import Progress
from nasea.translation import translate, translate_label

REDRAW_SECONDS = 0.2
"""The bar is drawn at most this often."""

LINE_SECONDS = 10.0
"""Without a bar, progress is printed after this many seconds without other output."""

_BAR, _CELLS = "━", 12
_ROOM = 24
"""The bar is drawn where so many characters remain for figures."""


class Meter(Protocol):
    """A display of progress.

    Attributes:
        live: whether it is rewritten in place.
    """

    live: bool

    def show(self, progress: Progress) -> None:
        """Show that the stage advanced."""

    def rest(self) -> None:
        """Note that something else was printed."""

    def stop(self) -> None:
        """End the display of the stage."""


class Bar:
    """A line with a bar and figures, below all other output.

    Args:
        console: a terminal.
        clock: seconds, monotonic.
    """

    live = True

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._drawn_at = float("-inf")
        self._line = LiveLine(console)

    def show(self, progress: Progress) -> None:
        """Redraw the line, unless it was redrawn very recently."""
        now = self._clock()
        if now - self._drawn_at < REDRAW_SECONDS and progress.done < progress.total:
            return
        self._drawn_at = now
        # A terminal that is full to its last column may begin another row.
        self._line.show(in_width(progress, self._console.width - 1))

    def rest(self) -> None:
        """Do nothing: the line stays below what is printed."""

    def stop(self) -> None:
        """Remove the line."""
        self._line.clear()
        self._drawn_at = float("-inf")


def in_width(progress: Progress, width: int) -> Text:
    """Return the progress with a bar; what does not fit is left out whole, the last first.

    Args:
        progress: the progress.
        width: characters at most; of wide ones half as many.
    """
    stage, counted = translate_label(progress.stage), _counted(progress)
    needed = cell_len(f"{stage} {counted}")
    bar = _CELLS if needed + 1 + _CELLS + _ROOM <= width else 0
    room = width - needed - (bar + 1 if bar else 0)
    rest = f" {counted}"
    for figure in _figures(progress):
        needed = cell_len(f", {figure}")
        if needed <= room:
            rest += f", {figure}"
            room -= needed
    if not bar:
        return Text(set_cell_size(stage + rest, min(cell_len(stage + rest), width)), end="")
    filled = round(bar * progress.done / max(progress.total, 1))
    return Text.assemble(
        (stage, "bold"), " ", (_BAR * filled, "cyan"), (_BAR * (bar - filled), "dim"), rest, end=""
    )


class Ticker:
    """An occasional line, for logs.

    Args:
        console: where it is printed.
        clock: seconds, monotonic.
    """

    live = False

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
    return f"{translate_label(progress.stage)}: " + ", ".join(
        [_counted(progress), *_figures(progress)]
    )


def _counted(progress: Progress) -> str:
    unit = progress.unit if progress.total == 1 else f"{progress.unit}s"
    return f"{progress.done}/{progress.total} {translate_label(unit, 'unit')}"


def _figures(progress: Progress) -> list[str]:
    """Return the remaining time and the figures, the most important first."""
    shown = [
        f"{translate_label(label)} {translate(value)}" for label, value in progress.figures.items()
    ]
    if progress.run_seconds_left is not None:
        shown.insert(0, translate(f"{_clock(progress.run_seconds_left)} left"))
    elif progress.seconds_left is not None:
        shown.insert(0, translate(f"{_clock(progress.seconds_left)} left of this stage"))
    return shown


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
