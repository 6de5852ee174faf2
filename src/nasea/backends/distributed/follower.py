"""What every rank but 0 runs: it does what rank 0's backend does on all devices.

A framework's own ``distributed/follower.py`` says how to join the others and what backend to open.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasea.backends.distributed.failures import FailedElsewhere
from nasea.backends.distributed.leader import DividedBackend
from nasea.backends.distributed.ranks import Ranks
from nasea.backends.distributed.work_queue import WorkQueue
from nasea.backends.records import Job, Role
from nasea.config import Scenario
from nasea.errors import NaseaError, RankLostError
from nasea.space import Genome, Space

_EXIT_LOST = 1

OpenBackend = Callable[[Scenario, Path, Role], DividedBackend]
"""A backend of this rank."""


class Follower:
    """Backends of this rank, by their number among those of the run.

    Args:
        ranks: this rank among the others.
        open_backend: of the framework.
    """

    def __init__(self, ranks: Ranks, open_backend: OpenBackend) -> None:
        self._ranks = ranks
        self._open_backend = open_backend
        self._backends: dict[int, DividedBackend] = {}

    def run(self) -> Any:
        """Run what rank 0 asks for until it is done; return the outcome that it sends.

        Raises:
            NaseaError: rank 0 failed; its message.
            RankLostError: a process is gone.
        """
        for name, args in self._ranks.commands():
            if name == "end":
                (outcome, failure) = args
                if failure is not None:
                    error = NaseaError(f"rank 0: {failure['message']}", fix=failure["fix"])
                    error.exit_code = failure["exit_code"]
                    raise error
                return outcome
            getattr(self, f"_{name}")(*args)
        raise AssertionError("commands end with an outcome only")

    def _open(
        self, key: int, scenario: dict[str, object], directory: Path, role: Role, place: Path
    ) -> None:
        def opened() -> None:
            os.chdir(place)
            asked = Scenario.from_dict(scenario)
            self._backends[key] = self._open_backend(asked, directory, role)

        self._together(opened)

    def _load_data(self, key: int) -> None:
        self._together(lambda: self._backends[key].load_data(0))

    def _probe_pre_net(self, key: int) -> None:
        self._together(lambda: self._backends[key].probe_pre_net())

    def _attach(self, key: int, space: Space, seed: int) -> None:
        self._together(lambda: self._backends[key].attach(space, seed))

    def _learn_from(
        self, key: int, space: Space, genome: Genome, weights: bytes, share: float
    ) -> None:
        def learn() -> None:
            backend = self._backends[key]
            with tempfile.TemporaryDirectory(prefix="nasea-") as folder:
                path = Path(folder) / f"teacher{backend.weights_suffix}"
                path.write_bytes(weights)
                backend.learn_from(space, genome, path, share)

        self._together(learn)

    def _try_candidates(self, key: int, also: list[Genome]) -> None:
        self._together(lambda: self._backends[key].try_candidates(lambda done, of: None, also))

    def _begin_training(self, key: int, paths_per_update: int, seed: int, workers: int) -> None:
        def begin() -> None:
            self._backends[key].load_with(workers)
            self._backends[key].begin_training(paths_per_update, seed)

        self._together(begin)

    def _train_epoch(self, key: int, epoch: int, done: int) -> None:
        try:
            self._backends[key].follow_epoch(epoch, done)
        except RankLostError:
            raise
        except Exception:  # all ranks have it, or heard of it; rank 0 tells
            pass

    def _restore(self, key: int, done: int) -> None:
        def restore() -> None:
            self._backends[key].restore(self._ranks.receive_bytes(), done)

        self._together(restore)

    def _measure_each(self, key: int, serial: str, jobs: list[Job]) -> None:
        backend = self._backends[key]
        board = WorkQueue(self._ranks, serial, len(jobs))
        with backend.sharing():
            board.work(lambda number: backend.measure(*jobs[number]))

    def _exchange(self, megabytes: int) -> None:
        self._ranks.try_exchange(megabytes)

    def _close(self, key: int) -> None:
        self._backends.pop(key).close()

    def _together(self, action: Callable[[], object]) -> None:
        failure = None
        try:
            action()
        except RankLostError:
            raise
        except Exception as error:
            failure = error
        try:
            self._ranks.agree(failure)
        except RankLostError:
            raise
        except Exception:  # known to all; rank 0 decides
            pass


def follow_noting_signals(ranks: Ranks, open_backend: OpenBackend) -> Any:
    """Follow as a process that a launcher started; see :func:`nasea.backends.opening.follow`."""
    before = _note_signals(ranks)
    try:
        return Follower(ranks, open_backend).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow_spawned(start: Callable[[dict[str, Any]], tuple[Ranks, OpenBackend]]) -> None:
    """Follow as a process that rank 0 started: one line of settings on stdin, then nothing.

    When stdin ends rank 0 is gone, however it ended, and so is this process.

    Args:
        start: joins the others, given the settings.
    """
    rank_0 = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    settings = json.loads(rank_0.readline())
    threading.Thread(target=_die_with, args=(rank_0,), daemon=True).start()
    # Code of the user that calls exit() closes stdin, and would wait for who reads it.
    sys.stdin = open(os.devnull, encoding="utf-8")
    _note_signals(None)
    try:
        ranks, open_backend = start(settings)
        _note_signals(ranks)
        Follower(ranks, open_backend).run()
    except (FailedElsewhere, NaseaError):
        sys.exit(_EXIT_LOST)  # rank 0 knows more, and tells it


def _die_with(rank_0: io.FileIO) -> None:
    rank_0.read()
    os._exit(_EXIT_LOST)


def _note_signals(ranks: Ranks | None) -> dict[signal.Signals, Any]:
    """Have a request to stop passed on to rank 0, which decides; returns the earlier handlers."""

    def note(number: int, frame: object) -> None:
        if ranks is not None:
            ranks.stop_asked = True

    if threading.current_thread() is not threading.main_thread():
        return {}
    return {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
