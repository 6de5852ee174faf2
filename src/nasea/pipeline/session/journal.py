"""Writes the log directory: a text log of all events, and curves for TensorBoard or others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from nasea.errors import Notice
from nasea.pipeline.session.events import Progress, Stage
from nasea.results.curves import open_curves
from nasea.results.storage.files import write_error
from nasea.terms import Reporter

_T = TypeVar("_T")


class Journal:
    """A listener that writes ``log.txt`` and sends curves where the scenario says.

    Args:
        directory: e.g. ``log_classification/``; created if missing.
        names: the services that show the curves.
        project: name of the experiment there.
        settings: settings of the run, by key, for services that store them.
        tell: receives notices of failing services, which are also written to the log.
        restart: whether the run starts over, with new runs in the services.

    Attributes:
        events: receives the curves and figures.

    Raises:
        NotAvailableError: a package of a service is not installed.
        ResultsError: the directory cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        names: Sequence[Reporter] = ("tensorboard",),
        project: str = "nasea",
        settings: Mapping[str, object] | None = None,
        tell: Callable[[Notice], None] = lambda notice: None,
        *,
        restart: bool = False,
    ) -> None:
        failures: list[Notice] = []
        self._path = directory / "log.txt"
        self._guarded(lambda: directory.mkdir(parents=True, exist_ok=True))
        self.events = open_curves(
            names, directory, project, settings or {}, failures.append, restart=restart
        )
        self._text = self._guarded(lambda: self._path.open("a", encoding="utf-8"))

        def told(notice: Notice) -> None:
            self.notice(notice)
            tell(notice)

        self.events.tell = told
        for failure in failures:
            told(failure)

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

    def close(self, files: Sequence[Path] = (), *, failed: bool = False) -> None:
        """Close the log and the curves.

        Args:
            files: results; like the log, they are copied to services that store files.
            failed: whether the run ended by an error.
        """
        try:
            self._guarded(self._text.flush)
            self.events.close([self._path, *files], failed=failed)
        finally:
            self._guarded(self._text.close)

    def _write(self, text: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self._guarded(lambda: print(f"{stamp}  {text}", file=self._text, flush=True))

    def _guarded(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except OSError as error:
            raise write_error(self._path, error) from error
