"""Searches on two processes: the same as on one, and a soon end when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import children
from pipeline.project import Project
from pipeline.ranks import (
    assert_ends,
    assert_same_search,
    follower_of,
    free_ports,
    two,
)

pytest_plugins = ["pipeline.fixtures"]

TIMEOUT = 5
TWO = two(TIMEOUT)


def test_two_processes_find_what_one_finds(project: Project, finished: Project) -> None:
    front = project.without_search().scenario(TWO).search()
    assert_same_search(front, finished.front())
    assert project.files("results.1").keys() == finished.files("results").keys()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_rank_that_dies_hangs_or_is_told_to_stop_ends_the_run(
    fresh: Project, number: signal.Signals
) -> None:
    assert_ends(fresh, number, timeout=TIMEOUT, epochs=20)


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
    project.without_search()
    (port,) = free_ports(1)
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
    message = [node.communicate(timeout=120)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], message
    assert "device 2 x CPU" in message[0]
    assert "search ended" in message[0] and "search ended" not in message[1]
    assert_same_search(project.front(), finished.front())
