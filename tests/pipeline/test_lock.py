from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from nasea.errors import CheckpointError, ResultsError
from nasea.pipeline.session.lock import only_run


def test_the_second_run_refuses_and_the_next_one_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "checkpoint"
    with only_run(directory):
        with pytest.raises(CheckpointError, match="another nasea search is running") as caught:
            with only_run(directory):
                pytest.fail("two runs in one directory")
        assert str(tmp_path) in caught.value.message
        with only_run(tmp_path / "other"):
            pass
    with only_run(directory):
        pass


def test_a_failure_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_run(tmp_path):
        raise ZeroDivisionError
    with only_run(tmp_path):
        pass


def test_a_data_worker_that_outlives_a_killed_run_does_not_hold_the_lock(tmp_path: Path) -> None:
    hear, tell = os.pipe()
    run = os.fork()
    if run == 0:
        with only_run(tmp_path):
            worker = os.fork()
            if worker == 0:
                os.close(hear)
                signal.pause()
            os.write(tell, str(worker).encode())
            signal.pause()
    worker = int(os.read(hear, 20))
    try:
        os.kill(run, signal.SIGKILL)
        os.waitpid(run, 0)
        with only_run(tmp_path):
            os.kill(worker, 0)  # it still lives
    finally:
        os.kill(worker, signal.SIGKILL)
        os.close(hear)
        os.close(tell)


def test_a_worker_that_ends_leaves_the_lock_with_the_run(tmp_path: Path) -> None:
    with only_run(tmp_path):
        worker = os.fork()
        if worker == 0:
            os._exit(0)
        os.waitpid(worker, 0)
        with pytest.raises(CheckpointError), only_run(tmp_path):
            pytest.fail("the lock went with the worker")


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("a file")
    with pytest.raises(ResultsError, match="cannot write"), only_run(tmp_path / "checkpoint"):
        pytest.fail("there is no directory to lock")
