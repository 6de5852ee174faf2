"""Searches on several processes, whatever the framework: what is asked of them, and their ends."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path

from nasea.results.front import Front

from . import children
from .project import Project


def two(timeout: int) -> tuple[str, str]:
    """The change of a scenario that has two processes search."""
    return ("gpu_id: 0", f"gpu_id: 0,1\n    timeout: {timeout}")


def assert_same_search(one: Front, other: Front) -> None:
    assert one.members == other.members
    assert one.evaluated == other.evaluated
    assert one.info.hypervolumes == other.info.hypervolumes


def follower_of(search: BaseProcess) -> int:
    """The process that rank 0 started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_text()
        except OSError:  # it ended meanwhile
            continue
        if int(words[1]) == search.pid and "distributed.follower" in command:
            return int(stat.parent.name)
    raise AssertionError("there is none")


def assert_ends(fresh: Project, number: signal.Signals, *, timeout: int, epochs: int) -> None:
    """A signal to rank 1 in training ends the run, saved and told; what is killed can go on."""
    fresh.scenario(two(timeout), ("epochs: 6", f"epochs: {epochs}"))
    search = children.start(fresh, save_seconds=180)
    children.wait_for(fresh, f"epoch 3/{epochs}: loss")
    follower = follower_of(search)
    os.kill(follower, number)
    assert children.ended(search) == 130
    output = (fresh.home / children.OUTPUT).read_text()
    assert "Traceback" not in output
    assert "run the same command again to resume" in output
    message = {
        signal.SIGKILL: "the process of gpu_id 1 (rank 1) ended by SIGKILL",
        signal.SIGSTOP: "a process does not answer: Timed out",
        signal.SIGTERM: "stopped; everything so far is saved",
    }
    assert message[number] in output
    assert not Path(f"/proc/{follower}").exists()
    if number != signal.SIGKILL:
        return
    # What was done is kept, and another number of devices goes on with it.
    fresh.scenario(("gpu_id: 0,1", "gpu_id: 0"), ("generation_num: 3", "generation_num: 1"))
    assert children.run(fresh, save_seconds=180) == 0
    assert "resuming from epoch" in fresh.log()
    done = fresh.log().count(f"/{epochs}: loss")
    assert done <= epochs + 1, "an epoch is at most finished twice"


def free_ports(count: int) -> list[int]:
    """Ports at which nothing listens."""
    with ExitStack() as open_ones:
        trials = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for trial in trials:
            trial.bind(("127.0.0.1", 0))
        return [trial.getsockname()[1] for trial in trials]
