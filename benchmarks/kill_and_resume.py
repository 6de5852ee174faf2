"""Does a search that is killed again and again find the same as one that never was?

    python benchmarks/kill_and_resume.py --kills 12 --seeds 3     # 36 kills on one process, 18 on 2

Kills `nasea search` on a small digits project with SIGKILL, each time runs the same command again,
and compares the end with a search nobody killed: on one process, and on two of which all, the first
or the second one is killed. The kills are spread over the phases of a search, at random moments of
each; every update and every score is saved, so that kills meet half-written files often.

A kill *lost* something when the newest intact checkpoint of a kind is older than one that was there
before; a start *failed* when it ended with anything but the kill, a stop (130) or success. *Unhurt*
are searches that came to their end all the same, when a rank is hit that has nothing more to do.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from nasea.errors import EXIT_INTERRUPTED
from nasea.pipeline.session.checkpoint import CheckpointStore
from recording import record, table
from searches import Blow, Search, new_project, same

_PHASES: dict[str, tuple[str, int, int, float]] = {
    "probing, first updates": ("log.txt", 1, 1, 4.0),
    "training": ("train-", 3, 9, 0.3),
    "writing a training checkpoint": ("train-", 1, 9, 0.004),
    "scoring": ("search-", 3, 20, 0.3),
    "writing a search checkpoint": ("search-", 1, 20, 0.004),
    "writing results": (".results.new", 3, 15, 0.02),
}
"""Phase -> what is in the path of a file operation, how many of these to let pass (from, to), and
how many seconds to wait then at most."""


@dataclass
class Tally:
    """What became of one search under fire."""

    processes: int
    kills: int = 0
    phases: dict[str, int] = field(default_factory=dict)
    victims: dict[str, int] = field(default_factory=dict)
    unhurt: int = 0
    lost: int = 0
    failed: int = 0
    identical: bool = False


def main() -> None:
    """Kill, count, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=12, help="for each seed; half of it on two")
    parser.add_argument("--seeds", type=int, default=3, help="for each number of processes")
    arguments = parser.parse_args()
    began = time.monotonic()
    tallies = []
    with tempfile.TemporaryDirectory() as scratch:
        for processes in (1, 2):
            unbroken = new_project(Path(scratch) / f"unbroken{processes}", processes)
            assert finish(unbroken) == 0
            for seed in range(arguments.seeds):
                project = new_project(Path(scratch) / f"{processes}-{seed}", processes)
                kills = arguments.kills // processes  # two take so much longer to start
                tally = shoot(project, unbroken, processes, seed, kills)
                tallies.append(tally)
                print(f"seed {seed}: {tally}", flush=True)
    head = ["processes", "kills", "unhurt", "lost", "failed", "identical"]
    rows = [
        [str(t.processes), *map(str, (t.kills, t.unhurt, t.lost, t.failed, t.identical))]
        for t in tallies
    ]
    print(table(head, rows))
    phases = {name: sum(t.phases.get(name, 0) for t in tallies) for name in _PHASES}
    print(table(["kills while", "number"], [[name, str(n)] for name, n in phases.items()]))
    minutes = (time.monotonic() - began) / 60
    results = {
        "minutes": round(minutes, 1),
        "kills": sum(phases.values()),
        "phases": phases,
        "searches": [vars(t) for t in tallies],
    }
    record("kill_and_resume", 0, results)
    if any(t.lost or t.failed or not t.identical for t in tallies):
        sys.exit(1)


def shoot(project: Path, unbroken: Path, processes: int, seed: int, kills: int) -> Tally:
    """Kill one search ``kills`` times, let it end, compare."""
    moments, tally = random.Random(seed), Tally(processes)
    seen = progress(project)
    while tally.kills < kills and tally.failed == 0:
        # In the order of the phases: what is done is kept, so that a search only goes forward.
        phase = list(_PHASES)[tally.kills * len(_PHASES) // kills]
        near, least, most, wait = _PHASES[phase]
        victim = moments.choice(["all", "rank 0", "rank 1"] if processes == 2 else ["all"])
        blow = Blow(near, moments.randint(least, most), moments.uniform(0.0, wait), victim)
        status = Search(project, blow=blow).wait()
        hurt = status in (-signal.SIGKILL, EXIT_INTERRUPTED)
        tally.failed += not hurt and status != 0
        tally.unhurt += status == 0
        now = progress(project)
        tally.lost += now < seen
        seen = now
        tally.kills += hurt
        for counts, name in ((tally.phases, phase), (tally.victims, victim)):
            counts[name] = counts.get(name, 0) + hurt
        if status == 0:
            restart(project)
            seen = progress(project)
    tally.failed += finish(project) != 0
    tally.identical = same(project, unbroken)
    return tally


def finish(project: Path) -> int:
    """Run the search to its end."""
    search = Search(project)
    status = search.wait()
    if status:
        print(search.output()[-2000:], file=sys.stderr)
    return status


def restart(project: Path) -> None:
    """Forget a search that ended before it was killed, so that there is something to kill."""
    for kind in ("search", "train"):
        CheckpointStore(project / "checkpoint", kind).clear()


def progress(project: Path) -> tuple[float, int]:
    """(updates by epoch, scores known) of the newest intact checkpoints."""
    trained = CheckpointStore(project / "checkpoint", "train").load([])
    searched = CheckpointStore(project / "checkpoint", "search").load([])
    epoch = 0.0 if trained is None else trained.meta["epoch"] + trained.meta["step"] / 1e6
    return epoch, 0 if searched is None else len(searched.meta["book"])


if __name__ == "__main__":
    main()
