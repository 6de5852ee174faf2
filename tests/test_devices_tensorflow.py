"""TensorFlow on two processes: the search of one, and a soon end when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from pipeline import children
from pipeline.project import Project
from pipeline.ranks import assert_ends, assert_same_search, free_ports, two

pytest_plugins = ["pipeline.fixtures"]

# The first steps trace functions, which takes a loaded machine seconds.
TIMEOUT = 30

with_tensorflow = pytest.mark.parametrize("framework", ["tensorflow"], indirect=True)


@with_tensorflow
def test_two_processes_find_what_one_finds(project: Project, finished: Project) -> None:
    project.without_search().scenario(two(TIMEOUT))
    assert children.run(project, save_seconds=180) == 0, project.log()
    assert "device 2 x CPU" in project.log()
    assert_same_search(project.front(), finished.front())


@with_tensorflow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_rank_that_dies_hangs_or_is_told_to_stop_ends_the_run(
    fresh: Project, number: signal.Signals
) -> None:
    assert_ends(fresh, number, timeout=TIMEOUT, epochs=40)


@with_tensorflow
def test_two_workers_of_a_tf_config(project: Project, finished: Project) -> None:
    """Two commands on this machine meet over loopback, as TF_CONFIG says."""
    project.without_search()
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    runs = []
    for index in (0, 1):
        message = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        runs.append(
            subprocess.Popen(
                [sys.executable, "-m", "nasea", *children.SEARCH],
                cwd=project.home,
                env=os.environ | {"TF_CONFIG": json.dumps(message)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    message = [run.communicate(timeout=600)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], message
    assert "device 2 x CPU" in message[0]
    assert "search ended" in message[0] and "search ended" not in message[1]
    assert_same_search(project.front(), finished.front())
