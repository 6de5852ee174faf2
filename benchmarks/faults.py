"""What becomes of a search in which something goes wrong?

    python benchmarks/faults.py --times 3

Each fault is provoked in searches of a small digits project, most at random moments; then the same
command is run again, with the fault out of the way, and the end compared with a search in which
nothing went wrong. *Lost* are searches that did not end, or ended with another front. *Told* are
faults that ended with a message and an exit status of a user error (2) or of a stop (130); what is
killed tells nothing. *Unharmed* are searches that came to their end all the same, as when a rank is
hit that has nothing more to do. *Recovery* is the time from the second start until it goes on where
the first one was.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kill_and_resume import finish, new_project, same, start_search
from recording import record, table

Search = subprocess.Popen[bytes]
Fault = Callable[[Path, random.Random], int]
"""Provokes something in a project; returns the exit status of the search it hit."""

_TWO = ("gpu_id: 0\n", "gpu_id: 0,1\n    timeout: 5\n")
_TOLD = (2, 130)


@dataclass
class Tally:
    """What became of the searches that a fault hit."""

    times: int = 0
    told: int = 0
    unharmed: int = 0
    lost: int = 0
    recovery: list[float] = field(default_factory=list)


def main() -> None:
    """Provoke, count, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="for each fault")
    parser.add_argument(
        "--only", default="", help="faults whose names have one of these in them, a|b"
    )
    arguments = parser.parse_args()
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as scratch:
        unbroken = {}
        for devices in (1, 2):
            unbroken[devices] = _project(Path(scratch) / f"unbroken{devices}", devices)
            assert finish(unbroken[devices]) == 0
        for name, (devices, fault) in FAULTS.items():
            if not any(part in name for part in arguments.only.split("|")):
                continue
            tally = tallies[name] = Tally()
            for seed in range(arguments.times):
                home = _project(Path(scratch) / f"{len(tallies)}-{seed}", devices)
                status = fault(home, random.Random(f"{name} {seed}"))
                tally.times += 1
                tally.told += status in _TOLD
                tally.unharmed += status == 0
                seconds = _recover(home)
                if seconds is None or not same(home, unbroken[devices]):
                    tally.lost += 1
                else:
                    tally.recovery.append(seconds)
            print(f"{name}: {tally}", flush=True)
    head = ["fault", "times", "told", "unharmed", "lost", "recovery, median s"]
    rows = [
        [name, *map(str, (t.times, t.told, t.unharmed, t.lost)),
         f"{statistics.median(t.recovery):.1f}" if t.recovery else "-"]
        for name, t in tallies.items()
    ]  # fmt: skip
    print(table(head, rows))
    record("faults", 0, {name: vars(tally) for name, tally in tallies.items()})
    if any(tally.lost for tally in tallies.values()):
        sys.exit(1)


# --- faults ---


def killed(home: Path, rng: random.Random) -> int:
    """SIGKILL for the search; processes it started must not outlive it."""
    search = _under_way(home, rng)
    others = _children(search)
    search.kill()
    status = search.wait()
    _await(lambda: not any(Path(f"/proc/{pid}").exists() for pid in others), "they end as well")
    return status


def signalled(number: signal.Signals, *, rank: int) -> Fault:
    """A signal for one rank."""

    def fault(home: Path, rng: random.Random) -> int:
        search = _under_way(home, rng)
        pid = search.pid if rank == 0 else _children(search)[rank - 1]
        os.kill(pid, number)
        return search.wait(300)

    return fault


def disk_full(home: Path, rng: random.Random) -> int:
    """No file may become larger than some hundred kilobytes, as on a disk that is full."""
    limit = rng.randrange(1_000, 300_000)
    search = start_search(home)
    resource.prlimit(search.pid, resource.RLIMIT_FSIZE, (limit, limit))
    return search.wait(300)


def no_place(home: Path, rng: random.Random) -> int:
    """The directory of the checkpoints cannot be made."""
    (home / "checkpoint").write_text("in the way")
    status = start_search(home).wait(300)
    (home / "checkpoint").unlink()
    return status


def damaged(damage: Callable[[bytes, random.Random], bytes]) -> Fault:
    """The newest checkpoint of a killed search is not what was written."""

    def fault(home: Path, rng: random.Random) -> int:
        killed(home, rng)
        newest = max(home.glob("checkpoint/*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
        newest.write_bytes(damage(newest.read_bytes(), rng))
        return 2  # told by the next start, which goes on from the one before

    return fault


def cut(content: bytes, rng: random.Random) -> bytes:
    """Without its end."""
    return content[: rng.randrange(len(content))]


def flipped(content: bytes, rng: random.Random) -> bytes:
    """With a bit turned over."""
    changed = bytearray(content)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def second_start(home: Path, rng: random.Random) -> int:
    """Somebody starts the same search in the same directory; the first goes on."""
    search = _under_way(home, rng)
    status = start_search(home).wait(300)
    search.send_signal(signal.SIGTERM)
    search.wait()
    return status


FAULTS: dict[str, tuple[int, Fault]] = {
    "kill -9": (1, killed),
    "kill -9, two processes": (2, killed),
    "kill -9 of rank 1": (2, signalled(signal.SIGKILL, rank=1)),
    "rank 1 hangs": (2, signalled(signal.SIGSTOP, rank=1)),
    "SIGTERM": (1, signalled(signal.SIGTERM, rank=0)),
    "SIGTERM to rank 1": (2, signalled(signal.SIGTERM, rank=1)),
    "Ctrl-C": (2, signalled(signal.SIGINT, rank=0)),
    "disk full": (1, disk_full),
    "checkpoint/ cannot be made": (1, no_place),
    "checkpoint truncated": (1, damaged(cut)),
    "checkpoint with a flipped bit": (1, damaged(flipped)),
    "second start in the directory": (1, second_start),
}


# --- a search under way ---


def _project(home: Path, devices: int) -> Path:
    project = new_project(home)
    if devices == 2:
        scenario = project / "scen.yaml"
        text = scenario.read_text()
        assert _TWO[0] in text
        scenario.write_text(text.replace(*_TWO))
    return project


def _under_way(home: Path, rng: random.Random) -> Search:
    """A search that has come to a random place of training, scoring or writing results."""
    marks = ["epoch 1/", "epoch 3/", "epoch 6/", "separate architectures|tell architectures",
             "generation 1/", "generation 3/", "== scoring the front"]  # fmt: skip
    mark = rng.choice(marks)
    search = start_search(home)

    def is_there() -> bool:
        if search.poll() is not None:
            raise AssertionError((home / "output.txt").read_text()[-2000:])
        log = "".join(path.read_text() for path in home.glob("log_*/log.txt"))
        return any(part in log for part in mark.split("|"))

    _await(is_there, f"the search comes to {mark!r}")
    time.sleep(rng.uniform(0.0, 0.5))
    return search


def _children(search: Search) -> list[int]:
    """The ranks that a search started, in order."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_text()
        except OSError:  # it ended meanwhile
            continue
        if parent == search.pid and "distributed.follower" in command:
            found.append(int(stat.parent.name))
    return sorted(found)


def _recover(home: Path) -> float | None:
    """Seconds until a new start goes on, then run to the end; ``None`` when it does not end."""
    log = next(home.glob("log_*/log.txt"), None)
    before = 0 if log is None else len(log.read_text())
    start = time.monotonic()
    search = start_search(home)

    def goes_on() -> bool:
        text = "".join(path.read_text() for path in home.glob("log_*/log.txt"))[before:]
        resumed = ("going on", "the supernet is trained", "== training", "update ")
        return search.poll() is not None or any(part in text for part in resumed)

    _await(goes_on, "it goes on")
    seconds = time.monotonic() - start
    return seconds if search.wait(600) == 0 else None


def _await(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


if __name__ == "__main__":
    main()
