"""Listeners of runs that are started from Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from nasea.cli.terminal.listener import RichListener
from nasea.cli.terminal.notebook import NotebookBar, notebook_display
from nasea.pipeline.session.events import Event, Listener, Listeners, OnEvent

_NOTEBOOK_WIDTH = 120


@contextmanager
def listening(
    listener: Listener | None, on_event: Callable[[Event], object] | None, quiet: bool
) -> Iterator[Listener]:
    """Provide all listeners of a run as one; on exit remove the progress bar.

    Args:
        listener: used instead of the terminal or notebook display.
        on_event: called with each event as well.
        quiet: show nothing.
    """
    shown = None if quiet or listener is not None else shown_listener()
    heard = [one for one in (listener, shown) if one is not None]
    if on_event is not None:
        heard.append(OnEvent(on_event))
    if shown is None:
        yield Listeners(heard)
    else:
        with shown:
            yield Listeners(heard)


def shown_listener() -> RichListener | None:
    """Return a progress display for a terminal or a notebook; else ``None``."""
    display = notebook_display()
    if display is not None:
        # On stdout: notebooks show stderr on a red background.
        console = Console(
            file=sys.stdout, width=_NOTEBOOK_WIDTH, force_terminal=False, force_jupyter=False
        )
        return RichListener(console, NotebookBar(display))
    return RichListener() if sys.stderr.isatty() else None
