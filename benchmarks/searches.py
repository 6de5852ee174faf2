"""Small searches in processes of their own, which something can happen to.

A server process has the heavy modules imported already, so that a start costs next to nothing; the
further processes of a search on several devices import for themselves, as they always do.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from nasea.cli.init import project_files
from nasea.cli.main import main
from nasea.pipeline import epochs
from nasea.pipeline.search import run, searching
from nasea.results.front import Front

OUTPUT = "output.txt"

_SCENARIO = (("batch_size: 64", "batch_size: 32"), ("epochs: 100", "epochs: 4"),
             ("generation_num: 10", "generation_num: 4"),
             ("pop_size: 20", "pop_size: 8\n      bn_images: 128"),
             ("[16, 16, 32, 32, 64, 64]", "[16, 32, 64]"), ("[1, 1, 2, 1, 2, 1]", "[1, 2, 2]"),
             ("gpu_id: 0", "gpu_id: 0\n    device: cpu\n    threads: 1\n    data_workers: 0")
             )  # fmt: skip
_MODULE = (("slice(0, 1197)", "slice(0, 320)"), ("slice(1197, 1497)", "slice(1197, 1317)"),
           ("distorted(images, 50)", "distorted(images, 4)"))  # fmt: skip
_WRITERS = ("open", "os.rename", "os.remove")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["torch._dynamo", "nasea.backends.torch.framework", "nasea.cli.main",
     "nasea.pipeline.search.run", "matplotlib.figure", "pymoo.algorithms.moo.nsga2",
     "scipy.stats", "sklearn.datasets", "tensorboard.summary.writer.record_writer"]
)  # fmt: skip


@dataclass(frozen=True)
class Blow:
    """SIGKILL for a search, near a file operation of its own.

    Attributes:
        near: the file operations that count have this in their path.
        count: after so many of them,
        delay: and so many seconds.
        victim: whom it hits.
    """

    near: str
    count: int
    delay: float
    victim: str = "all"


class Search:
    """``nasea search`` in a project.

    Args:
        home: the project.
        blow: hits it, if it gets so far.
        save_always: save every update and every score, so that files are often half written.
        largest_file: bytes that a file may have.
        humble: without root's power to write where nobody may.
    """

    def __init__(
        self,
        home: Path,
        *,
        blow: Blow | None = None,
        save_always: bool = True,
        largest_file: int | None = None,
        humble: bool = False,
    ) -> None:
        self.home = home
        # A plain function of plain values: it is imported and unpickled in the server.
        task = partial(_search, home, blow, save_always, largest_file, humble)
        self._process = _context.Process(target=task)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def status(self) -> int | None:
        """The exit status, minus the signal where one ended it; ``None`` while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float = 300.0) -> int:
        """The same, waited for."""
        self._process.join(seconds)
        status = self._process.exitcode
        if status is None:
            self.kill()
            raise AssertionError(f"{self.home} hangs:\n{self.output()[-2000:]}")
        return status

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.join()

    def ranks(self) -> list[int]:
        """The process ids of the ranks it started, in order."""
        return _ranks_of(self.pid)

    def workers(self) -> list[int]:
        """The process ids of those that load data for it."""
        return [pid for pid, command in _children(self.pid) if "forkserver" in command]

    def output(self) -> str:
        """All that searches in this project have printed."""
        return (self.home / OUTPUT).read_text(encoding="utf-8")

    def log(self) -> str:
        """All that searches in this project have logged."""
        return "".join(path.read_text(encoding="utf-8") for path in self.home.glob("log_*/log.txt"))

    def wait_for(self, *texts: str, behind: int = 0) -> None:
        """Wait until the log has one of the texts, or the search ended.

        Args:
            texts: what to look for.
            behind: how many characters of the log do not count.
        """

        def is_there() -> bool:
            log = self.log()[behind:]
            return self.status() is not None or any(text in log for text in texts)

        wait_until(is_there, f"the log says {texts}")


def new_project(home: Path, devices: int = 1, module: str = "", timeout: int = 120) -> Path:
    """The digits project of ``nasea init``, made smaller.

    Args:
        home: directory, made.
        devices: 1 or 2 processes on the CPU.
        module: Python text that goes behind the user module.
        timeout: seconds that one process may keep the other waiting.
    """
    write_project(home)
    ids = ",".join(map(str, range(devices)))
    devices_of = ("gpu_id: 0\n", f"gpu_id: {ids}\n    timeout: {timeout}\n")
    edit(home / "scen.yaml", *_SCENARIO, devices_of)
    edit(home / "user_module.py", *_MODULE)
    with (home / "user_module.py").open("a", encoding="utf-8") as file:
        file.write(module)
    return home


def write_project(home: Path) -> Path:
    """The digits project as ``nasea init`` writes it."""
    home.mkdir(parents=True)
    for name, content in project_files("pytorch", "classification").items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return home


def same(one: Path, other: Path) -> bool:
    """Whether two projects hold the same front and the same weights."""
    fronts = [Front.load(home / "results" / "front.json") for home in (one, other)]
    plain = [replace(f, info=replace(f.info, created="")) for f in fronts]
    if plain[0] != plain[1]:
        return False
    for member in fronts[0]:
        name = fronts[0].files_of(member)[1]
        mine, theirs = (
            torch.load(home / "results" / name, weights_only=True) for home in (one, other)
        )
        if mine.keys() != theirs.keys() or any(not mine[k].equal(theirs[k]) for k in mine):
            return False
    return True


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 300.0) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Replace text that must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"the template no longer says {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def _ranks_of(search: int) -> list[int]:
    return [pid for pid, command in _children(search) if "distributed.follower" in command]


def _children(process: int) -> list[tuple[int, str]]:
    """Process id and command of each, the oldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_text()
        except OSError:  # it ended meanwhile
            continue
        if parent == process:
            found.append((int(stat.parent.name), command))
    return sorted(found)


# --- in the process of a search ---


def _search(
    home: Path, blow: Blow | None, save_always: bool, largest_file: int | None, humble: bool
) -> None:
    os.setsid()
    os.chdir(home)
    multiprocessing.set_start_method("fork", force=True)  # for data workers, as where none is set
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if save_always:
        epochs.SAVE_SECONDS = searching.SAVE_SECONDS = 0.0
    run.N_ARCHITECTURES = 4  # whether scores tell them apart is no question here,
    searching.DRAW_SECONDS = float("inf")  # nor what TensorBoard shows
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    if humble:
        _be_humble()
    if blow is not None:
        _expect(blow)
    main(["search", "-c", "scen.yaml"])


def _expect(blow: Blow) -> None:
    left = blow.count

    def heard(event: str, values: tuple[object, ...]) -> None:
        nonlocal left
        if event in _WRITERS and any(blow.near in str(value) for value in values):
            left -= 1
            if left == 0:
                threading.Thread(target=_strike, args=(blow,), daemon=True).start()

    sys.addaudithook(heard)


def _strike(blow: Blow) -> None:
    time.sleep(blow.delay)
    if blow.victim != "rank 0":
        for pid in _ranks_of(os.getpid()):
            os.kill(pid, signal.SIGKILL)
    if blow.victim != "rank 1":
        os.kill(os.getpid(), signal.SIGKILL)


def _be_humble() -> None:
    """Give up CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, which only root has."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: low words, then high ones
    if libc.capget(header, sets) == 0:
        sets[0] &= ~0b110
        libc.capset(header, sets)
