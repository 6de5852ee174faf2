"""Searches in processes of their own, which can be killed.

A server process has the heavy modules imported already, so that starting one costs next to nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from nasea.cli.main import main
from nasea.pipeline import epochs
from nasea.pipeline.search import searching

from .project import Project, quick

OUTPUT = "output.txt"
SEARCH = ("search", "-c", "scen.yaml")
_TIMEOUT = 300.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "nasea.backends.torch.framework",
        "nasea.backends.tensorflow.framework",
        "nasea.cli.main",
        "nasea.pipeline.retraining.retrain",
        "nasea.pipeline.search.run",
        "matplotlib.figure",
        "pymoo.algorithms.moo.nsga2",
        "sklearn.datasets",
        "tensorboard.summary.writer.record_writer",
        "pipeline.frozen",
    ]
)


def start(
    project: Project,
    *,
    save_seconds: float = 0.0,
    doom: str = "",
    words: Sequence[str] = SEARCH,
) -> BaseProcess:
    """Start ``nasea search``, or another verb, in a session of its own.

    Args:
        project: where; what is printed goes to a file there.
        save_seconds: how often long epochs and generations are saved.
        doom: the process kills itself before the first file operation with this in the path.
        words: what stands behind ``nasea``.
    """
    process = _context.Process(target=_run, args=(project.home, save_seconds, doom, list(words)))
    process.start()
    return process


def run(
    project: Project,
    *,
    save_seconds: float = 0.0,
    doom: str = "",
    words: Sequence[str] = SEARCH,
) -> int:
    """The same, to its end; returns the exit code."""
    return ended(start(project, save_seconds=save_seconds, doom=doom, words=words))


def ended(process: BaseProcess) -> int:
    """The exit code, minus the number of the signal where one ended it."""
    process.join(_TIMEOUT)
    if process.exitcode is None:
        process.kill()
        raise AssertionError("the search hangs")
    return process.exitcode


def kill_after(project: Project, seconds: float, words: Sequence[str] = SEARCH) -> bool:
    """Start, and kill with all its workers after a while; False when it had ended before."""
    process = start(project, words=words)
    process.join(seconds)
    if process.exitcode is not None:
        return False
    process.kill()
    process.join()
    return True


def wait_for(project: Project, text: str, *, behind: str = "") -> None:
    """Wait until the log says ``text``, somewhere behind the first ``behind``."""
    path = project.home / "log_classification" / "log.txt"
    deadline = time.monotonic() + _TIMEOUT
    while not (path.is_file() and text in _behind(path.read_text(encoding="utf-8"), behind)):
        assert time.monotonic() < deadline, f"the log never said {text!r}"
        time.sleep(0.01)


def wait_until_gone(pid: int) -> None:
    """Wait until a process that is not a child of this one has ended."""
    deadline = time.monotonic() + _TIMEOUT
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the process lives on"
        time.sleep(0.01)


def _behind(log: str, mark: str) -> str:
    return log.partition(mark)[2] if mark else log


def _run(home: Path, save_seconds: float, doom: str, words: list[str]) -> None:
    os.setsid()
    os.chdir(home)
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for stage in (epochs, searching):
        stage.SAVE_SECONDS = save_seconds
    if doom:
        sys.addaudithook(lambda event, values: _die_before(event, values, doom))
    with quick():
        main(words)


def _die_before(event: str, values: tuple[object, ...], doom: str) -> None:
    if event in ("open", "os.rename") and any(doom in str(value) for value in values):
        os.kill(os.getpid(), signal.SIGKILL)
