"""Starting the processes of a run, or joining those that a launcher started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nasea.backends.launch import Launch, conceal, launched
from nasea.backends.torch.distributed.ranks import Ranks
from nasea.backends.torch.distributed.signing import new_key
from nasea.backends.torch.distributed.transport import (
    Store,
    meet_by_environment,
    open_store,
    within,
)
from nasea.config import Scenario
from nasea.errors import NotAvailableError, RankLostError

_LOOPBACK = "127.0.0.1"
_START_SECONDS = 300.0
"""A process must have come up after so long; importing torch takes seconds."""

_GRACE_SECONDS = 10.0
"""After its farewell a process may take so long to end."""

_EXIT_SECONDS = 1.0
"""It may take so long until it is known how a process ended that no longer answers."""


@dataclass
class Children:
    """The processes that rank 0 started, one a device.

    Attributes:
        processes: by rank, from 1.
        gpu_ids: of all ranks.
    """

    processes: list[subprocess.Popen[str]]
    gpu_ids: tuple[int, ...]

    def fate(self, wait: bool) -> str | None:
        """What became of one that ended; ``None`` while all run."""
        deadline = time.monotonic() + (_EXIT_SECONDS if wait else 0.0)
        while True:
            for rank, process in enumerate(self.processes, start=1):
                code = process.poll()
                if code is not None:
                    how = f"with exit status {code}"
                    if code < 0:
                        how = f"by {signal.Signals(-code).name}"
                    return f"the process of gpu_id {self.gpu_ids[rank]} (rank {rank}) ended {how}"
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.05)

    def end(self, grace: float = _GRACE_SECONDS) -> None:
        """Wait for them to end, and end those that do not."""
        deadline = time.monotonic() + grace
        for process in self.processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def spawn(scenario: Scenario, on_stop: Callable[[], None]) -> tuple[Ranks, Children]:
    """Start a process for each of ``resource.gpu_id`` but the first, which is this one's.

    Raises:
        RankLostError: one does not come up.
    """
    ids = scenario.resource.gpu_ids
    share_threads(scenario, len(ids))
    store = open_store(_LOOPBACK, 0, _START_SECONDS, serves=True)
    key = new_key()
    timeout = scenario.resource.timeout
    settings = {"port": store.port, "size": len(ids), "timeout": timeout, "key": key}
    children = Children([], ids)
    try:
        for rank in range(1, len(ids)):
            children.processes.append(_start({"rank": rank, **settings}))
        _await_all(store, children)
        ranks = Ranks(
            0,
            len(ids),
            0,
            len(ids),
            store,
            _LOOPBACK,
            timeout,
            key,
            on_stop,
            children.fate,
        )
    except BaseException:
        children.end(0.0)
        raise
    return ranks, children


def join_spawned(settings: Mapping[str, Any]) -> Ranks:
    """Join as what :func:`spawn` started."""
    store = open_store(_LOOPBACK, settings["port"], _START_SECONDS, serves=False)
    store.set(f"up/{settings['rank']}", "1")
    rank, size = settings["rank"], settings["size"]
    timeout, key = settings["timeout"], settings["key"]
    return Ranks(rank, size, rank, size, store, _LOOPBACK, timeout, key)


def join_launched(scenario: Scenario, on_stop: Callable[[], None] = lambda: None) -> Ranks:
    """Join as one of those that ``torchrun`` or ``mpirun`` started.

    Raises:
        RankLostError: the others do not come.
    """
    launch = launched()
    assert launch is not None, "asked only where there is a launcher"
    share_threads(scenario, launch.local_size)
    try:
        meeting, number = _meeting_point(launch), next(_SESSIONS)
    except RuntimeError as error:
        raise NotAvailableError(
            f"the processes that {launch.launcher} started do not meet at {launch.host}, port "
            f"{launch.port}: {str(error).splitlines()[0]}",
            fix="set MASTER_ADDR to the first machine and MASTER_PORT to a free port there",
        ) from error
    conceal(os.environ)
    return Ranks(
        launch.rank,
        launch.size,
        launch.local_rank,
        launch.local_size,
        within(meeting, f"nasea/{number}"),
        _LOOPBACK if launch.size == launch.local_size else None,
        scenario.resource.timeout,
        on_stop=on_stop,
    )


def share_threads(scenario: Scenario, processes: int) -> None:
    """Divide the cores of this machine among its processes, unless ``resource.threads`` says."""
    if scenario.resource.threads is None:
        fair = max(1, (os.cpu_count() or 1) // processes)
        torch.set_num_threads(min(torch.get_num_threads(), fair))


@cache
def _meeting_point(launch: Launch) -> Store:
    """The store that all processes of a job reach; met at once, for all runs of the job."""
    if launch.launcher == "torchrun":
        return meet_by_environment(launch.rank, launch.size, _START_SECONDS)
    return open_store(launch.host, launch.port, _START_SECONDS, serves=launch.rank == 0)


_SESSIONS = iter(range(2**31))


def _start(settings: Mapping[str, Any]) -> subprocess.Popen[str]:
    """A process that follows; it ends when its stdin does, so never outlives this one."""
    package = str(Path(__file__).parents[4])
    inherited = os.environ.get("PYTHONPATH")
    environ = dict(os.environ)
    environ["PYTHONPATH"] = os.pathsep.join([package, inherited] if inherited else [package])
    environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "nasea.backends.torch.distributed.follower"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # what the user's code prints, rank 0 prints as well
        env=environ,
        text=True,
        start_new_session=True,  # Ctrl-C is for rank 0 to hear, and to decide on
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(settings) + "\n")
    process.stdin.flush()
    return process


def _await_all(store: Store, children: Children) -> None:
    deadline = time.monotonic() + _START_SECONDS
    keys = [f"up/{rank}" for rank in range(1, len(children.gpu_ids))]
    while not store.check(keys):
        fate = children.fate(False)
        if fate is None and time.monotonic() > deadline:
            fate = f"not all of its {len(children.gpu_ids)} processes came up"
        if fate is not None:
            raise RankLostError(f"the run does not begin: {fate}", fix="see what it printed above")
        time.sleep(0.02)
