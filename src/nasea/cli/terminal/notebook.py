"""Progress in a notebook: a line that is updated in place."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from nasea.cli.terminal.progress import REDRAW_SECONDS, in_a_line
from nasea.pipeline.session.events import Progress

_CELLS = 24


class Handle(Protocol):
    """What ``IPython.display.display`` returns for an output that can be updated."""

    def update(self, data: object, raw: bool) -> object:
        """Replace the output."""


Display = Callable[..., Handle | None]
"""``IPython.display.display``."""


def notebook_display() -> Display | None:
    """Return the display of the notebook of this process; ``None`` without a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if not hasattr(shell, "kernel"):  # a terminal's shell has none
        return None
    found: Display = importlib.import_module("IPython.display").display
    return found


class NotebookBar:
    """A bar with figures, below the title of its stage.

    Args:
        display: shows it.
        clock: seconds, monotonic.
    """

    live = True

    def __init__(self, display: Display, clock: Callable[[], float] = time.monotonic) -> None:
        self._display = display
        self._clock = clock
        self._drawn_at = float("-inf")
        self._handle: Handle | None = None

    def show(self, progress: Progress) -> None:
        """Redraw the bar, unless it was redrawn very recently."""
        now = self._clock()
        soon = now - self._drawn_at < REDRAW_SECONDS
        if self._handle is not None and soon and progress.done < progress.total:
            return
        self._drawn_at = now
        filled = round(_CELLS * progress.done / max(progress.total, 1))
        bar = "█" * filled + "░" * (_CELLS - filled)
        self._put(f"{bar} {in_a_line(progress)}")

    def rest(self) -> None:
        """Do nothing: the bar stays in place."""

    def stop(self) -> None:
        """Remove the bar."""
        if self._handle is not None:
            self._put("")
            self._handle = None

    def _put(self, text: str) -> None:
        content = {"text/plain": text}
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)
