"""Writes the log directory: a text log of all events, and TensorBoard files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nasea.errors import Notice
from nasea.pipeline.session.events import Progress, Stage
from nasea.results.eventlog import EventLog
from nasea.results.storage.files import write_error

_T = TypeVar("_T")


class Journal:
    """A listener that writes ``log.txt`` and the event log.

    Args:
        directory: e.g. ``log_classification/``; created if missing.

    Raises:
        ResultsError: the directory cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self.events = EventLog(directory)
        self._path = directory / "log.txt"
        self._text = self._guarded(lambda: self._path.open("a", encoding="utf-8"))

    def notice(self, notice: Notice) -> None:
        """Write a notice."""
        self._write(f"note: {notice}")

    def begin(self, stage: Stage, title: str) -> None:
        """Write the title of a stage."""
        self._write(f"== {title}")

    def progress(self, progress: Progress) -> None:
        """Do nothing: the curves are in the event log."""

    def line(self, text: str) -> None:
        """Write a line."""
        self._write(text)

    def close(self) -> None:
        """Close both files."""
        self._guarded(self._text.close)
        self.events.close()

    def _write(self, text: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self._guarded(lambda: print(f"{stamp}  {text}", file=self._text, flush=True))

    def _guarded(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except OSError as error:
            raise write_error(self._path, error) from error
