"""Opens the services named by ``report_to``; the run continues when one of them fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nasea.errors import NotAvailableError, Notice
from nasea.results.curves.sink import Sink
from nasea.results.eventlog import EventLog
from nasea.results.storage.files import write_result
from nasea.terms import Reporter

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUNS_FILE = "report_to.json"
"""In the log directory: which run of a service belongs to it."""

_TITLES: Mapping[Reporter, str] = {"mlflow": "MLflow", "wandb": "Weights & Biases"}


def require_reporters(names: Iterable[Reporter]) -> None:
    """Check that the packages are installed.

    Raises:
        NotAvailableError: names the first one that is missing.
    """
    for name in names:
        if name in _TITLES and find_spec(name) is None:
            raise NotAvailableError(
                f"strategy.report_to: {name} is not installed, which {_TITLES[name]} needs",
                fix=f"pip install {name}, or leave it out of report_to",
            )


class Curves:
    """All destinations of curves.

    TensorBoard's file is a result, so a failure to write it ends the run. The others are external
    services: a failure is reported once, and the run continues without the service.

    Args:
        events: TensorBoard's file; ``None`` if it is not requested.
        sinks: {title: service}.

    Attributes:
        tell: receives the notice of a failure.
    """

    def __init__(self, events: EventLog | None, sinks: Mapping[str, Sink]) -> None:
        self._events = events
        self._sinks = dict(sinks)
        self.tell: Callable[[Notice], None] = lambda notice: None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Add a point to the curve ``tag``."""
        if self._events is not None:
            self._events.scalar(tag, value, step)
        self._each(lambda sink: sink.scalar(tag, value, step))

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """Add a figure."""
        if self._events is not None:
            self._events.figure(tag, figure, step)
        self._each(lambda sink: sink.figure(tag, figure, step))

    def close(self, files: Sequence[Path] = (), *, failed: bool = False) -> None:
        """Close all destinations; attach copies of files in the services.

        Args:
            files: files to attach; missing ones are skipped.
            failed: whether the run ended by an error.
        """
        there = [path for path in files if path.is_file()]

        def end(sink: Sink) -> None:
            for path in there:
                sink.attach(path)
            sink.close(failed=failed)

        self._each(end)
        self._sinks = {}
        if self._events is not None:
            self._events.close()

    def _each(self, action: Callable[[Sink], None]) -> None:
        for title, sink in list(self._sinks.items()):
            try:
                action(sink)
            except Exception as error:  # libraries and networks raise any exception
                del self._sinks[title]
                self.tell(_failure(title, error))


def open_curves(
    names: Sequence[Reporter],
    directory: Path,
    project: str,
    settings: Mapping[str, object],
    tell: Callable[[Notice], None],
    *,
    restart: bool = False,
) -> Curves:
    """Open the named destinations.

    Args:
        names: the names in ``report_to``.
        directory: directory of the log.
        project: name of the experiment or project there.
        settings: settings of the run, by key.
        tell: receives notices of services that cannot be opened.
        restart: start new runs in the services, since steps start at 0 again.

    Raises:
        NotAvailableError: a package is not installed.
        ResultsError: the log directory cannot be written.
    """
    require_reporters(names)
    events = EventLog(directory) if "tensorboard" in names else None
    sinks: dict[str, Sink] = {}
    runs = _Runs(directory / RUNS_FILE, restart)
    for name in dict.fromkeys(names):
        if name not in _TITLES:
            continue
        try:
            sinks[_TITLES[name]] = _open(name, directory, project, settings, runs)
        except Exception as error:  # no login, no server
            tell(_failure(_TITLES[name], error))
    curves = Curves(events, sinks)
    curves.tell = tell
    return curves


def _open(
    name: Reporter, directory: Path, project: str, settings: Mapping[str, object], runs: _Runs
) -> Sink:
    if name == "mlflow":
        from nasea.results.curves.to_mlflow import MlflowSink

        return MlflowSink(project, settings, runs)
    from nasea.results.curves.to_wandb import WandbSink

    return WandbSink(project, settings, runs, directory)


class _Runs:
    """See :class:`nasea.results.curves.sink.Runs`; kept in a file.

    Args:
        path: the file.
        restart: start new runs; the service keeps the earlier ones.
    """

    def __init__(self, path: Path, restart: bool) -> None:
        self._path = path
        self._restart = restart

    def get(self, service: str) -> str | None:
        if self._restart:
            return None
        found = self._read().get(service)
        return found if isinstance(found, str) else None

    def put(self, service: str, run: str) -> None:
        write_result(self._path, json.dumps({**self._read(), service: run}) + "\n")

    def _read(self) -> dict[str, object]:
        with suppress(OSError, ValueError):
            content = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return cast("dict[str, object]", content)
        return {}


def _failure(title: str, error: Exception) -> Notice:
    lines = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {lines[0] if lines else ''}"
    return Notice(
        "strategy.report_to", f"{title} gets nothing more of this run, which goes on: {reason}"
    )
