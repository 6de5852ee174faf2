"""TensorFlow on two processes: the search of one, and a soon end when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipeline import children
from pipeline.project import Project
from test_devices import assert_same_search, follower_of

pytest_plugins = ["pipeline.fixtures"]

# The first steps trace functions, which takes a loaded machine seconds.
TWO = ("gpu_id: 0", "gpu_id: 0,1\n    timeout: 30")

with_tensorflow = pytest.mark.parametrize("framework", ["tensorflow"], indirect=True)


def without_search(project: Project) -> Project:
    """The project as it was when the supernet was trained."""
    for name in project.files("checkpoint", "search-*"):
        (project.home / "checkpoint" / name).unlink()
    return project


@with_tensorflow
def test_two_processes_find_what_one_finds(project: Project, finished: Project) -> None:
    without_search(project).scenario(TWO)
    assert children.run(project, save_seconds=180) == 0, project.log()
    assert "device 2 x CPU" in project.log()
    assert_same_search(project.front(), finished.front())


@with_tensorflow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_rank_that_dies_hangs_or_is_told_to_stop_ends_the_run(
    fresh: Project, number: signal.Signals
) -> None:
    fresh.scenario(TWO, ("epochs: 6", "epochs: 40"))
    search = children.start(fresh, save_seconds=180)
    children.wait_for(fresh, "epoch 3/40: loss")
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
    assert fresh.log().count("/40: loss") <= 41, "an epoch is at most finished twice"


@with_tensorflow
def test_two_workers_of_a_tf_config(project: Project, finished: Project) -> None:
    """Two commands on this machine meet over loopback, as TF_CONFIG says."""
    without_search(project)
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    runs = []
    for index in (0, 1):
        told = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        runs.append(
            subprocess.Popen(
                [sys.executable, "-m", "nasea", *children.SEARCH],
                cwd=project.home,
                env=os.environ | {"TF_CONFIG": json.dumps(told)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    told = [run.communicate(timeout=600)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert "device 2 x CPU" in told[0]
    assert "search ended" in told[0] and "search ended" not in told[1]
    assert_same_search(project.front(), finished.front())


def free_ports(count: int) -> list[int]:
    """Ports at which nothing listens."""
    with closing(socket.socket()) as first, closing(socket.socket()) as second:
        found = []
        for trial in (first, second)[:count]:
            trial.bind(("127.0.0.1", 0))
            found.append(trial.getsockname()[1])
        return found
