"""Starts the processes of a run on this machine, one for each device."""

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
"""Seconds within which a process must be ready; importing a framework takes several."""

GRACE_SECONDS = 10.0
"""Seconds that a process may take to exit once it has the outcome."""

_EXIT_SECONDS = 1.0
"""Seconds to wait for the exit status of a process that no longer answers."""


@dataclass
class Children:
    """The processes that rank 0 started, one for each device.

    Attributes:
        processes: the processes, by rank, from 1.
        gpu_ids: the devices of all ranks.
    """

    processes: list[subprocess.Popen[str]]
    gpu_ids: tuple[int, ...]

    def exit_reason(self, wait: bool) -> str | None:
        """Describe how a process ended; ``None`` while all of them run.

        Args:
            wait: wait up to a second for one to end.
        """
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

    def stop(self, grace: float) -> None:
        """Wait up to ``grace`` seconds for the processes to end, then kill the others."""
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
def start_processes(
    follower: str, gpu_ids: tuple[int, ...], settings: Mapping[str, Any], environ: Mapping[str, str]
) -> Iterator[Children]:
    """Start a process for each of ``gpu_ids`` except the first, which is this process's.

    They are stopped if the body of the context raises.

    Args:
        follower: the module that they run.
        gpu_ids: the devices of all ranks.
        settings: JSON values passed to each, together with its rank.
        environ: environment variables to add.
    """
    children = Children([], gpu_ids)
    try:
        for rank in range(1, len(gpu_ids)):
            settings_of_rank = {"rank": rank, **settings}
            children.processes.append(_start(follower, settings_of_rank, environ))
        yield children
    except BaseException:
        children.stop(0.0)
        raise


def _likely(number: int) -> str:
    """Return the usual reason why a signal ends a process, as a clause."""
    if number == getattr(signal, "SIGKILL", None):  # which Windows does not have
        return ", most likely since the machine has no memory left"
    crashes = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE")
    if number in {getattr(signal, name, None) for name in crashes}:
        return (
            ": a crash in native code; with TensorFlow on CPUs most likely in oneDNN, which "
            "TF_ENABLE_ONEDNN_OPTS=0 switches off"
        )
    return ""


def report_ready(store: Store, rank: int) -> None:
    """Tell rank 0 that this process has started."""
    store.set(f"up/{rank}", "1")


def await_ready(store: Store, children: Children) -> None:
    """Wait until all processes have called :func:`report_ready`.

    Raises:
        RankLostError: one ends, or takes more than ``START_SECONDS``.
    """
    deadline = time.monotonic() + START_SECONDS
    keys = [f"up/{rank}" for rank in range(1, len(children.gpu_ids))]
    while not store.check(keys):
        exit_reason = children.exit_reason(False)
        if exit_reason is None and time.monotonic() > deadline:
            exit_reason = f"not all of its {len(children.gpu_ids)} processes came up"
        if exit_reason is not None:
            raise RankLostError(
                f"the run did not start: {exit_reason}", fix="see what it printed above"
            )
        time.sleep(0.02)


def _start(
    follower: str, settings: Mapping[str, Any], variables: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a following process; it exits when its stdin closes, so it never outlives this one."""
    package = str(Path(__file__).parents[3])
    inherited = os.environ.get("PYTHONPATH")
    environ = {**os.environ, **variables}
    environ["PYTHONPATH"] = os.pathsep.join([package, inherited] if inherited else [package])
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", follower],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # rank 0 prints what the user's code prints
        env=environ,
        text=True,
        start_new_session=True,  # Ctrl-C must reach rank 0 only, which decides what to do
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(settings) + "\n")
    process.stdin.flush()
    return process
