"""Searches on two processes: the same as on one, and a soon end when one of them dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from nasea.results.front import Front
from pipeline import children
from pipeline.project import Project

pytest_plugins = ["pipeline.fixtures"]

TWO = ("gpu_id: 0", "gpu_id: 0,1\n    timeout: 5")


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


def test_two_processes_find_what_one_finds(project: Project, finished: Project) -> None:
    for name in project.files("checkpoint", "search-*"):
        (project.home / "checkpoint" / name).unlink()
    front = project.scenario(TWO).search()
    assert_same_search(front, finished.front())
    assert project.files("results.1").keys() == finished.files("results").keys()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_rank_that_dies_hangs_or_is_told_to_stop_ends_the_run(
    fresh: Project, number: signal.Signals
) -> None:
    fresh.scenario(TWO, ("epochs: 6", "epochs: 20"))
    search = children.start(fresh, save_seconds=180)
    children.wait_for(fresh, "epoch 3/20: loss")
    follower = follower_of(search)
    os.kill(follower, number)
    assert children.ended(search) == 130
    output = (fresh.home / children.OUTPUT).read_text()
    assert "Traceback" not in output
    assert "run the same command again to go on" in output
    told = {
        signal.SIGKILL: "the process of gpu_id 1 (rank 1) ended by SIGKILL",
        signal.SIGSTOP: "a process does not answer: Timed out",
        signal.SIGTERM: "stopped; everything so far is saved",
    }
    assert told[number] in output
    assert not Path(f"/proc/{follower}").exists()
    if number != signal.SIGKILL:
        return
    # What was done is kept, and another number of devices goes on with it.
    fresh.scenario(("gpu_id: 0,1", "gpu_id: 0"), ("generation_num: 3", "generation_num: 1"))
    assert children.run(fresh, save_seconds=180) == 0
    assert "going on from epoch" in fresh.log()
    assert fresh.log().count("/20: loss") <= 21, "an epoch is at most finished twice"


def test_killed_with_all_its_processes_it_finds_the_same(fresh: Project, tmp_path: Path) -> None:
    fresh.scenario(TWO, ("epochs: 6", "epochs: 4"), ("generation_num: 3", "generation_num: 1"))
    unbroken = fresh.copy(tmp_path / "unbroken")
    assert children.run(unbroken, save_seconds=180) == 0
    search = children.start(fresh, save_seconds=180)
    children.wait_for(fresh, "epoch 2/4: loss")
    follower = follower_of(search)
    search.kill()
    assert children.ended(search) == -signal.SIGKILL
    children.wait_until_gone(follower)
    assert children.run(fresh, save_seconds=180) == 0
    assert_same_search(fresh.front(), unbroken.front())


def test_torchrun_on_two_nodes(project: Project, finished: Project) -> None:
    """Two agents on this machine, each with a process of its own, meet over loopback."""
    for name in project.files("checkpoint", "search-*"):
        (project.home / "checkpoint" / name).unlink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"]
    command += ["--master-addr", "127.0.0.1", "--master-port", str(port)]
    words = ["-m", "nasea", *children.SEARCH]
    environ = os.environ | {"GLOO_SOCKET_IFNAME": "lo"}
    nodes = [
        subprocess.Popen(
            [*command, "--node-rank", str(number), *words],
            cwd=project.home,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in (0, 1)
    ]
    told = [node.communicate(timeout=120)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], told
    assert "device 2 x CPU" in told[0]
    assert "search ended" in told[0] and "search ended" not in told[1]
    assert_same_search(project.front(), finished.front())
