"""What becomes of a search in which something goes wrong?

    python benchmarks/faults.py --times 3
    python benchmarks/faults.py --times 1 --add     # once more, at other moments

Each fault is provoked in searches of a small digits project, most at random moments; then the same
command is run again, with the fault out of the way, and the end compared with a search in which
nothing went wrong. *Told* are faults that ended with a message and an exit status of a user error
(2) or of a stop (130), or, where candidates fail, candidates that are in the results with their
reason; what is killed reports nothing. *Unharmed* are searches that came to their end all the same.
*Lost* are searches that did not end, or ended with another front; where a candidate failed for
good, with another score of any other candidate. *Recovery* is the time from the second start until
it goes on where the first one was. A *leftover* is a process that outlived its search.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nasea.results.front import Front
from recording import record, recorded, table
from searches import Blow, Search, edit, new_project, same, wait_until
from troubles import TROUBLES, be_at_ease, get_into

Fault = Callable[[Path, random.Random], int]
"""Provokes something in a project; returns the exit status of the search it hit."""

_MAX_SHOWN = (2, 130)
_MARKS = ("epoch 1/", "epoch 3/", "separate architectures|tell architectures", "generation 1/",
          "generation 3/", "== scoring the front")  # fmt: skip
_AT_WORK = _MARKS[:4]


@dataclass(frozen=True)
class Kind:
    """A fault and the searches it is provoked in.

    Attributes:
        fault: provokes it.
        processes: 1 or 2.
        timeout: seconds that one process may keep the other waiting.
        workers: processes that load data.
        fails_candidates: whether the search goes on with fewer candidates.
    """

    fault: Fault
    processes: int = 1
    timeout: int = 120
    workers: int = 0
    fails_candidates: bool = False


@dataclass
class Tally:
    """What became of the searches that a fault hit."""

    times: int = 0
    reported: int = 0
    unharmed: int = 0
    lost: int = 0
    leftovers: int = 0
    recovery: list[float] = field(default_factory=list)


def main() -> None:
    """Provoke, count, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="for each fault")
    parser.add_argument(
        "--only", default="", help="faults whose names have one of these in them, a|b"
    )
    parser.add_argument("--add", action="store_true", help="to what is on record")
    arguments = parser.parse_args()
    parts = arguments.only.split("|")
    kinds = {name: kind for name, kind in KINDS.items() if any(part in name for part in parts)}
    known = recorded("faults") if arguments.add else {}
    tallies = {name: Tally(**known.get(name, {})) for name in KINDS if name in {*kinds, *known}}
    unbroken: dict[tuple[int, int], Path] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(arguments.times):
            for number, (name, kind) in enumerate(kinds.items()):
                key = kind.processes, kind.workers
                if key not in unbroken:
                    unbroken[key] = _project(Path(scratch) / f"unbroken-{key}", kind)
                    assert Search(unbroken[key]).wait() == 0
                home = Path(scratch) / f"{number}-{turn}"
                rng = random.Random(f"{name} {tallies[name].times}")
                _provoke(home, kind, rng, unbroken[key], tallies[name])
                print(f"{name}: {tallies[name]}", flush=True)
            _report(tallies)
    if any(tally.lost or tally.leftovers for tally in tallies.values()):
        sys.exit(1)


def _report(tallies: dict[str, Tally]) -> None:
    head = ["fault", "times", "reported", "unharmed", "lost", "leftovers", "recovery, median s"]
    rows = [
        [name, *map(str, (t.times, t.reported, t.unharmed, t.lost, t.leftovers)),
         f"{statistics.median(t.recovery):.1f}" if t.recovery else "-"]
        for name, t in tallies.items()
    ]  # fmt: skip
    print(table(head, rows))
    record("faults", 0, {name: vars(tally) for name, tally in tallies.items()})


def _project(home: Path, kind: Kind) -> Path:
    project = new_project(home, kind.processes, TROUBLES, kind.timeout)
    edit(project / "scen.yaml", ("data_workers: 0", f"data_workers: {kind.workers}"))
    return project


def _provoke(home: Path, kind: Kind, rng: random.Random, unbroken: Path, tally: Tally) -> None:
    tally.times += 1
    _project(home, kind)
    try:
        status = kind.fault(home, rng)
        tally.leftovers += len(_leftovers(home))
        tally.unharmed += status == 0
        if kind.fails_candidates:
            tally.reported += status == 0 and any(one.failure for one in _front(home).evaluated)
        else:
            tally.reported += status in _MAX_SHOWN
        be_at_ease(home)
        edit(home / "scen.yaml", (f"timeout: {kind.timeout}", "timeout: 120"))
        seconds = _recover(home)
        compare = agree if kind.fails_candidates else same
        if seconds is None or not compare(home, unbroken):
            tally.lost += 1
        else:
            tally.recovery.append(seconds)
    finally:
        if os.path.ismount(home):
            subprocess.run(["umount", "-l", str(home)], check=True)


def agree(one: Path, other: Path) -> bool:
    """Whether two projects gave the same score to every candidate that both could score."""
    scores = [
        {each.genome: each.accuracy for each in _front(home).evaluated if each.failure is None}
        for home in (one, other)
    ]
    shared = scores[0].keys() & scores[1].keys()
    return len(shared) >= 4 and all(scores[0][genome] == scores[1][genome] for genome in shared)


def _front(home: Path) -> Front:
    return Front.load(home / "results" / "front.json")


# --- faults ---


def killed(home: Path, rng: random.Random) -> int:
    """SIGKILL for the search; processes it started must not outlive it."""
    search = _under_way(home, rng)
    search.kill()
    return search.wait()


def killed_near(near: str, least: int, most: int) -> Fault:
    """SIGKILL while files are written."""

    def fault(home: Path, rng: random.Random) -> int:
        blow = Blow(near, rng.randint(least, most), rng.uniform(0.0, 0.01))
        return Search(home, blow=blow).wait()

    return fault


def signalled(number: signal.Signals, *, rank: int, marks: tuple[str, ...] = _MARKS) -> Fault:
    """A signal for one rank."""

    def fault(home: Path, rng: random.Random) -> int:
        search = _under_way(home, rng, marks)
        pid = search.pid if rank == 0 else search.ranks()[rank - 1]
        os.kill(pid, number)
        return search.wait()

    return fault


def full_disk(home: Path, rng: random.Random) -> int:
    """A file system of its own, too small for all that a search writes."""
    content = {path.relative_to(home): path.read_bytes() for path in home.rglob("*.*")
               if path.is_file()}  # fmt: skip
    kib = rng.randint(200, 4000)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "nasea-fault", str(home)]
    if subprocess.run(mount, capture_output=True).returncode:
        raise SystemExit("mounting is not permitted here; leave it out with --only")
    for path, written in content.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(written)
    status = Search(home).wait()
    subprocess.run(["mount", "-o", "remount,size=1g", str(home)], check=True)
    return status


def no_large_files(home: Path, rng: random.Random) -> int:
    """No file may become larger than some hundred kilobytes: what a quota does."""
    return Search(home, largest_file=rng.randrange(1_000, 300_000)).wait()


def read_only(home: Path, rng: random.Random) -> int:
    """Somebody takes away the right to write, at work."""
    search = _under_way(home, rng, humble=True)
    folder = home / rng.choice(["checkpoint", "."])
    folder.chmod(0o555)
    status = search.wait()
    folder.chmod(0o755)
    return status


def no_place(home: Path, rng: random.Random) -> int:
    """The directory of the checkpoints cannot be made."""
    (home / "checkpoint").write_text("in the way")
    status = Search(home).wait()
    (home / "checkpoint").unlink()
    return status


def damaged(damage: Callable[[bytes, random.Random], bytes]) -> Fault:
    """The newest checkpoint of a killed search is not what was written."""

    def fault(home: Path, rng: random.Random) -> int:
        killed(home, rng)
        newest = max(home.glob("checkpoint/*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
        newest.write_bytes(damage(newest.read_bytes(), rng))
        return 2  # reported by the next start, which resumes from the one before

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
    """Somebody starts the same search in the same directory; the first goes on to its end."""
    search = _under_way(home, rng, _AT_WORK)
    status = Search(home).wait()
    return status if search.wait() == 0 else 1


def worker_killed(home: Path, rng: random.Random) -> int:
    """SIGKILL for a process that loads data."""
    search = Search(home)
    search.wait_for("== training")
    time.sleep(rng.uniform(0.0, 2.0))
    wait_until(lambda: bool(search.workers()) or search.status() is not None, "a worker starts")
    for pid in search.workers():
        os.kill(pid, signal.SIGKILL)
    return search.wait()


def trouble(name: str) -> Fault:
    """The user's code does something in the middle of the search; see ``troubles.py``."""

    def fault(home: Path, rng: random.Random) -> int:
        get_into(home, name, after=rng.randint(1, 16))
        return Search(home).wait()

    return fault


KINDS: dict[str, Kind] = {
    "kill -9": Kind(killed),
    "kill -9, writing a training checkpoint": Kind(killed_near("train-", 1, 9)),
    "kill -9, writing a search checkpoint": Kind(killed_near("search-", 1, 20)),
    "kill -9, writing results": Kind(killed_near(".results.new", 3, 15)),
    "SIGTERM": Kind(signalled(signal.SIGTERM, rank=0)),
    "disk full": Kind(full_disk),
    "a limit on file sizes": Kind(no_large_files),
    "directory made read-only": Kind(read_only),
    "checkpoint/ cannot be made": Kind(no_place),
    "checkpoint truncated": Kind(damaged(cut)),
    "checkpoint with a flipped bit": Kind(damaged(flipped)),
    "second start in the directory": Kind(second_start),
    "metric raises on one candidate": Kind(trouble("raise"), fails_candidates=True),
    "metric is NaN on one candidate": Kind(trouble("nan"), fails_candidates=True),
    "out of memory on the largest": Kind(trouble("memory"), fails_candidates=True),
    "data loading process killed": Kind(worker_killed, workers=1),
    "kill -9, two processes": Kind(killed, processes=2),
    "kill -9 of rank 1": Kind(signalled(signal.SIGKILL, rank=1), processes=2),
    "rank 1 stopped at work": Kind(
        signalled(signal.SIGSTOP, rank=1, marks=_AT_WORK), processes=2, timeout=20
    ),
    "rank 1: a metric never returns": Kind(trouble("hang"), processes=2, timeout=20),
    "SIGTERM to rank 1": Kind(signalled(signal.SIGTERM, rank=1), processes=2),
    "Ctrl-C, two processes": Kind(signalled(signal.SIGINT, rank=0), processes=2),
}


# --- a search under way ---


def _under_way(
    home: Path, rng: random.Random, marks: tuple[str, ...] = _MARKS, humble: bool = False
) -> Search:
    """A search that has come to a random place of training, scoring or writing results."""
    search = Search(home, humble=humble)
    search.wait_for(*rng.choice(marks).split("|"))
    time.sleep(rng.uniform(0.0, 0.5))
    assert search.status() is None or search.status() == 0, search.output()[-2000:]
    return search


def _leftovers(home: Path) -> list[int]:
    """Processes that still work in the project a few seconds after its search ended."""
    deadline = time.monotonic() + 5.0
    while (found := _working_in(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return found


def _working_in(home: Path) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if place.resolve() == home.resolve():
                found.append(int(place.parent.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def _recover(home: Path) -> float | None:
    """Seconds until a new start goes on, then run to the end; ``None`` when it does not end."""
    start = time.monotonic()
    before = sum(len(path.read_text()) for path in home.glob("log_*/log.txt"))
    search = Search(home)
    search.wait_for("resuming from", "the supernet is trained", "== training", behind=before)
    seconds = time.monotonic() - start
    return seconds if search.wait() == 0 else None


if __name__ == "__main__":
    main()
