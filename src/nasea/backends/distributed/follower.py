"""What every rank except 0 runs: it executes the commands of rank 0's backend.

A framework's own ``distributed/follower.py`` joins the other ranks and opens the backend.
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

from nasea.backends.base import AttachedBackend, Backend, ProbedBackend, TrainingBackend
from nasea.backends.distributed.failures import FailedElsewhere
from nasea.backends.distributed.ranks import Ranks
from nasea.backends.distributed.work_queue import WorkQueue
from nasea.backends.framework import OpenFramework
from nasea.backends.records import Job, Role
from nasea.config import Scenario
from nasea.errors import NaseaError, RankLostError
from nasea.space import Genome, Space

_EXIT_LOST = 1


class Follower:
    """The backends of this rank, by their number among those of the run.

    Each command of rank 0 is a method; see :data:`nasea.backends.distributed.ranks.Command`.

    Args:
        ranks: this rank among the others.
        open_framework: opens the framework's half of a backend.
    """

    def __init__(self, ranks: Ranks, open_framework: OpenFramework) -> None:
        self._ranks = ranks
        self._open_framework = open_framework
        self._opened: dict[int, Backend] = {}
        self._probed: dict[int, ProbedBackend] = {}
        self._attached: dict[int, AttachedBackend] = {}
        self._training: dict[int, TrainingBackend] = {}

    def run(self) -> Any:
        """Run the commands of rank 0 until the last one; return the outcome that it sends.

        Raises:
            NaseaError: rank 0 failed; carries its message.
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
        self,
        key: int,
        scenario: dict[str, object],
        directory: Path,
        role: Role,
        place: Path,
        cache: str,
    ) -> None:
        def opened() -> None:
            os.chdir(place)
            asked = Scenario.from_dict(scenario)
            framework = self._open_framework(asked, directory, role, self._ranks)
            self._opened[key] = Backend(framework, cache=cache)

        self._run_jointly(opened)

    def _probe(self, key: int) -> None:
        def probe() -> None:
            self._probed[key] = self._opened[key].probe(0)

        self._run_jointly(probe)

    def _attach(self, key: int, space: Space, seed: int) -> None:
        def attach() -> None:
            self._attached[key] = self._probed[key].attach(space, seed)

        self._run_jointly(attach)

    def _set_teacher(
        self, key: int, space: Space, genome: Genome, weights: bytes, share: float
    ) -> None:
        def learn() -> None:
            backend = self._attached[key]
            with tempfile.TemporaryDirectory(prefix="nasea-") as folder:
                path = Path(folder) / f"teacher{backend.weights_suffix}"
                path.write_bytes(weights)
                backend.set_teacher(space, genome, path, share)

        self._run_jointly(learn)

    def _train_int8(self, key: int, first: int) -> None:
        self._run_jointly(lambda: self._attached[key].train_int8(first))

    def _try_candidates(self, key: int, also: list[Genome]) -> None:
        self._run_jointly(lambda: self._attached[key].try_candidates(lambda done, of: None, also))

    def _begin_training(self, key: int, paths_per_update: int, seed: int, workers: int) -> None:
        def begin() -> None:
            backend = self._attached[key]
            backend.framework.load_with(backend.data, workers)
            self._training[key] = backend.begin_training(paths_per_update, seed)

        self._run_jointly(begin)

    def _train_epoch(self, key: int, epoch: int, done: int) -> None:
        try:
            self._training[key].follow_epoch(epoch, done)
        except RankLostError:
            raise
        except Exception:  # all ranks raised it or were notified; rank 0 reports it
            pass

    def _restore(self, key: int, done: int) -> None:
        def restore() -> None:
            self._training[key].restore(self._ranks.receive_bytes(), done)

        self._run_jointly(restore)

    def _measure_each(self, key: int, serial: str, jobs: list[Job]) -> None:
        backend = self._attached[key]
        queue = WorkQueue(self._ranks, serial, len(jobs))
        with backend.sharing():
            queue.work(lambda number: backend.measure(*jobs[number]))

    def _exchange(self, megabytes: int) -> None:
        self._ranks.time_all_reduce(megabytes)

    def _close(self, key: int) -> None:
        self._training.pop(key, None)
        self._attached.pop(key, None)
        if (probed := self._probed.pop(key, None)) is not None:
            probed.data.close()
        self._opened.pop(key).close()

    def _run_jointly(self, action: Callable[[], object]) -> None:
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
        except Exception:  # every rank knows of it; rank 0 decides what to do
            pass


def follow_with_signals(ranks: Ranks, open_framework: OpenFramework) -> Any:
    """Follow as a process that a launcher started; see :func:`nasea.backends.opening.follow`.

    SIGINT and SIGTERM are passed on to rank 0 meanwhile.
    """
    before = _forward_signals(ranks)
    try:
        return Follower(ranks, open_framework).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow_spawned(start: Callable[[dict[str, Any]], tuple[Ranks, OpenFramework]]) -> None:
    """Follow as a process that rank 0 started; stdin holds one line of settings in JSON.

    When stdin closes, rank 0 has ended, for whatever reason, and this process exits too.

    Args:
        start: joins the other ranks, given the settings.
    """
    rank_0 = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    settings = json.loads(rank_0.readline())
    threading.Thread(target=_exit_with, args=(rank_0,), daemon=True).start()
    # User code that calls exit() closes stdin, which would block while the thread reads from it.
    sys.stdin = open(os.devnull, encoding="utf-8")
    _forward_signals(None)
    try:
        ranks, open_framework = start(settings)
        _forward_signals(ranks)
        Follower(ranks, open_framework).run()
    except (FailedElsewhere, NaseaError):
        sys.exit(_EXIT_LOST)  # rank 0 knows more and reports it


def _exit_with(rank_0: io.FileIO) -> None:
    rank_0.read()
    os._exit(_EXIT_LOST)


def _forward_signals(ranks: Ranks | None) -> dict[signal.Signals, Any]:
    """Forward requests to stop to rank 0, which decides; return the earlier handlers."""

    def note(number: int, frame: object) -> None:
        if ranks is not None:
            ranks.stop_asked = True

    if threading.current_thread() is not threading.main_thread():
        return {}
    return {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
