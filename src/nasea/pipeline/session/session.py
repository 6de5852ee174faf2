"""A long run in a directory: locked, stoppable, logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nasea.backends import ProcessGroup, open_process_group
from nasea.config import Scenario
from nasea.errors import Interrupted, NaseaError, ResultsError
from nasea.pipeline.session.events import Listener, Listeners, Silence
from nasea.pipeline.session.interrupt import StopRequest, stop_on_signal
from nasea.pipeline.session.journal import Journal
from nasea.pipeline.session.lock import only_run
from nasea.results.storage.store import check_writable


@dataclass(frozen=True)
class Session:
    """What every stage of a run needs: listener, log, stop, processes.

    Attributes:
        listener: hears of progress; the journal is among those who do.
        journal: gets the curves.
        stop: asked where nothing is half done.
        group: the processes that compute.
    """

    listener: Listener
    journal: Journal
    stop: StopRequest
    group: ProcessGroup


@contextmanager
def session(
    home: Path, results: Path, log: Path, listener: Listener | None, scenario: Scenario
) -> Iterator[Session]:
    """Lock the directory for one run, log its events, handle Ctrl-C, start its processes.

    Args:
        home: the directory; one run at a time.
        results: where the run will write in the end: tried at once.
        log: directory of the log.
        listener: who hears of progress besides the log.
        scenario: which devices to run on.

    Raises:
        NaseaError: the directory is taken or cannot be written; whatever the run raises.
    """
    with only_run(home / "checkpoint"), stop_on_signal() as stop:
        check_writable(results)
        journal = Journal(log)
        try:
            listeners = Listeners([listener or Silence(), journal])
            with open_process_group(scenario, stop.ask) as group:
                for notice in group.notices:
                    listeners.notice(notice)
                yield Session(listeners, journal, stop, group)
        except Exception as error:
            reason = _as_stop(error) if stop.requested else error
            if isinstance(reason, NaseaError):
                with suppress(ResultsError):  # of a full disk the user hears once
                    journal.line(f"ended: {reason}")
            if reason is error:
                raise
            raise reason from error
        finally:
            journal.close()


def _as_stop(error: Exception) -> Exception:
    """What to tell when ``error`` came after a request to stop.

    A terminal sends Ctrl-C to the processes that load data as well; that they end is no fault.
    """
    if isinstance(error, Interrupted):
        return error
    return Interrupted(
        f"stopped, with {type(error).__name__} on the way; the last checkpoint is intact",
        fix="run the same command again to go on",
    )
