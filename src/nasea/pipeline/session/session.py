"""A long run in a directory: locked, interruptible, logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nasea.backends import ProcessGroup, open_process_group
from nasea.config import Scenario
from nasea.errors import Interrupted, NaseaError, ResultsError
from nasea.pipeline.session.events import Listener, Listeners, NullListener
from nasea.pipeline.session.forecast import Forecast
from nasea.pipeline.session.interrupt import StopRequest, stop_on_signal
from nasea.pipeline.session.journal import Journal
from nasea.pipeline.session.lock import only_run
from nasea.results.storage.store import check_writable


@dataclass(frozen=True)
class Session:
    """What every stage of a run needs: listener, log, stop request, processes.

    Attributes:
        listener: receives all events, and passes them on to the journal.
        journal: the log; also receives the curves.
        stop: the request to stop, checked where everything is saved.
        group: the processes of the run.
        forecast: adds the remaining time to what ``listener`` receives.
    """

    listener: Listener
    journal: Journal
    stop: StopRequest
    group: ProcessGroup
    forecast: Forecast


@contextmanager
def session(
    home: Path,
    results: Path,
    log: Path,
    listener: Listener | None,
    scenario: Scenario,
    *,
    restart: bool = False,
) -> Iterator[Session]:
    """Lock the directory for one run, log its events, handle Ctrl-C, start its processes.

    Args:
        home: the directory of the run.
        results: the directory of the results; checked to be writable now.
        log: the directory of the log.
        listener: receives all events too; may be ``None``.
        scenario: names the devices to run on.
        restart: whether the run starts over.

    Raises:
        NaseaError: the directory is in use or cannot be written; anything that the run raises.
    """
    with only_run(home / "checkpoint"), stop_on_signal() as stop:
        check_writable(results)
        heard = listener or NullListener()
        journal = Journal(
            log,
            scenario.report_to,
            home.name or "nasea",
            _settings(scenario),
            heard.notice,
            restart=restart,
        )
        failed = True
        try:
            listeners = Forecast(Listeners([heard, journal]))
            with open_process_group(scenario, stop.ask) as group:
                for notice in group.notices:
                    listeners.notice(notice)
                yield Session(listeners, journal, stop, group, listeners)
            failed = False
        except Exception as error:
            reason = _as_stop(error) if stop.requested else error
            if isinstance(reason, NaseaError):
                with suppress(ResultsError):  # report a full disk only once
                    journal.line(f"ended: {reason}")
            if reason is error:
                raise
            raise reason from error
        finally:
            journal.close([results / name for name in _SHOWN], failed=failed)


_SHOWN = ("pareto.png", "pareto.csv", "report.html", "retrained.json")
"""Files of results that services get a copy of, as far as the run wrote them."""


def _settings(scenario: Scenario) -> dict[str, object]:
    """Return the keys and values of a scenario, with keys such as ``searcher.pop_size``."""
    flat: dict[str, object] = {}

    def add(prefix: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                add(f"{prefix}.{key}" if prefix else str(key), inner)
        else:
            flat[prefix] = value

    add("", scenario.to_dict())
    return flat


def _as_stop(error: Exception) -> Exception:
    """Return the error to report if ``error`` was raised after a request to stop.

    A terminal sends Ctrl-C to data workers as well, which may then raise other errors.
    """
    if isinstance(error, Interrupted):
        return error
    return Interrupted(
        f"stopped ({type(error).__name__} while stopping); the last checkpoint is intact",
        fix="run the same command again to resume",
    )
