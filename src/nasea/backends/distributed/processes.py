"""The processes of a run that this one started, one a device."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasea.backends.distributed.ranks import Store
from nasea.errors import RankLostError

LOOPBACK = "127.0.0.1"

START_SECONDS = 300.0
"""A process must have come up after so long; importing a framework takes seconds."""

GRACE_SECONDS = 10.0
"""After its outcome a process may take so long to end."""

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
        """How the first process that ended did so; ``None`` while all run."""
        deadline = time.monotonic() + (_EXIT_SECONDS if wait else 0.0)
        while True:
            for rank, process in enumerate(self.processes, start=1):
                code = process.poll()
                if code is not None:
                    how = f"with exit status {code}"
                    if code < 0:
                        how = f"by {signal.Signals(-code).name}{_likely(-code)}"
                    return f"the process of gpu_id {self.gpu_ids[rank]} (rank {rank}) ended {how}"
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.05)

    def end(self, grace: float) -> None:
        """Wait for them to end; kill those that do not."""
        deadline = time.monotonic() + grace
        for process in self.processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


@contextmanager
def starting(
    follower: str, gpu_ids: tuple[int, ...], settings: Mapping[str, Any], environ: Mapping[str, str]
) -> Iterator[Children]:
    """Start a process for each of ``gpu_ids`` but the first, which is this one's.

    They are ended where what is done within fails.

    Args:
        follower: the module that they run.
        gpu_ids: of all ranks.
        settings: what they get, with their rank, as JSON values.
        environ: variables of theirs.
    """
    children = Children([], gpu_ids)
    try:
        for rank in range(1, len(gpu_ids)):
            settings_of_rank = {"rank": rank, **settings}
            children.processes.append(_start(follower, settings_of_rank, environ))
        yield children
    except BaseException:
        children.end(0.0)
        raise


def _likely(number: int) -> str:
    """The usual reason why a signal ends a process."""
    if number == signal.SIGKILL:
        return ", most likely since the machine has no memory left"
    if number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE):
        return (
            ": a crash in native code; with TensorFlow on CPUs most likely in oneDNN, which "
            "TF_ENABLE_ONEDNN_OPTS=0 switches off"
        )
    return ""


def come_up(store: Store, rank: int) -> None:
    """Tell rank 0 that this process is there."""
    store.set(f"up/{rank}", "1")


def await_all(store: Store, children: Children) -> None:
    """Wait until all have come up.

    Raises:
        RankLostError: one does not.
    """
    deadline = time.monotonic() + START_SECONDS
    keys = [f"up/{rank}" for rank in range(1, len(children.gpu_ids))]
    while not store.check(keys):
        fate = children.fate(False)
        if fate is None and time.monotonic() > deadline:
            fate = f"not all of its {len(children.gpu_ids)} processes came up"
        if fate is not None:
            raise RankLostError(f"the run does not begin: {fate}", fix="see what it printed above")
        time.sleep(0.02)


def _start(
    follower: str, settings: Mapping[str, Any], variables: Mapping[str, str]
) -> subprocess.Popen[str]:
    """A process that follows; it ends when its stdin does, so never outlives this one."""
    package = str(Path(__file__).parents[3])
    inherited = os.environ.get("PYTHONPATH")
    environ = {**os.environ, **variables}
    environ["PYTHONPATH"] = os.pathsep.join([package, inherited] if inherited else [package])
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", follower],
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
