"""Stops a run on Ctrl-C or SIGTERM, at the next point where everything can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from nasea.errors import Interrupted

_Handler = Callable[[int, FrameType | None], Any] | signal.Handlers

_AT_ONCE: dict[signal.Signals, _Handler] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""Handlers that end the process immediately."""


class StopRequest:
    """A request to stop the run."""

    def __init__(self) -> None:
        self.requested = False

    def ask(self) -> None:
        """Ask the run to stop."""
        self.requested = True

    def check(self) -> None:
        """Raise Interrupted if a stop was requested; called where everything is saved."""
        if self.requested:
            raise Interrupted(
                "stopped; everything so far is saved", fix="run the same command again to resume"
            )


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Turn the first Ctrl-C or SIGTERM into a request; the second ends the process immediately.

    Outside the main thread signals cannot be caught, so no request is made.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def ask(number: int, frame: FrameType | None) -> None:
        request.requested = True
        # Not the previous handlers: background jobs of a shell ignore SIGINT.
        for each, handler in _AT_ONCE.items():
            signal.signal(each, handler)

    before = {each: signal.getsignal(each) for each in _AT_ONCE}
    for each in _AT_ONCE:
        signal.signal(each, ask)
    try:
        yield request
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
