"""Does a search that is killed again and again find the same as one that never was?

    python benchmarks/kill_and_resume.py --kills 30 --seeds 3

Kills `nasea search` on a small digits project with SIGKILL at random moments, each time runs the
same command again, and compares the end with a search nobody killed. A kill *lost* something when
the newest intact checkpoint of a kind is older than one that was there before; a start *failed*
when it ended with anything but our kill or success.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from nasea.cli.init import project_files
from nasea.pipeline.checkpoint import CheckpointStore
from nasea.results.front import Front
from recording import record, table

_SMALLER = (("epochs: 100", "epochs: 6"), ("generation_num: 10", "generation_num: 4"),
            ("pop_size: 20", "pop_size: 8"),
            ("gpu_id: 0", "gpu_id: 0\n    device: cpu\n    threads: 1"))  # fmt: skip

# Every update and every architecture is saved, so that kills meet half-written files often.
_SEARCH = """
from nasea.cli.main import main
from nasea.pipeline import searching, supernet_training
supernet_training.SAVE_SECONDS = searching.SAVE_SECONDS = 0.0
main(["search", "-c", "scen.yaml"])
"""


@dataclass
class Tally:
    """What became of one search under fire."""

    kills: int = 0
    training: int = 0
    searching: int = 0
    lost: int = 0
    failed: int = 0
    identical: bool = False


def main() -> None:
    """Kill, count, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="for each seed")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        unbroken = new_project(Path(scratch) / "unbroken")
        start = time.monotonic()
        finish(unbroken)
        seconds = time.monotonic() - start
        tallies = []
        for seed in range(arguments.seeds):
            project = new_project(Path(scratch) / f"seed{seed}")
            tallies.append(shoot(project, unbroken, seconds, seed, arguments.kills))
            print(f"seed {seed}: {tallies[-1]}", flush=True)
    head = ["seed", "kills", "in training", "in search", "lost", "failed", "identical"]
    rows = [[str(seed), *(str(value) for value in vars(t).values())]
            for seed, t in enumerate(tallies)]  # fmt: skip
    print(table(head, rows))
    results = {"seconds_unbroken": round(seconds, 1), "seeds": [vars(t) for t in tallies]}
    record("kill_and_resume", 0, results)
    if any(t.lost or t.failed or not t.identical for t in tallies):
        sys.exit(1)


def shoot(project: Path, unbroken: Path, seconds: float, seed: int, kills: int) -> Tally:
    """Kill one search ``kills`` times, let it end, compare."""
    moments, tally = random.Random(seed), Tally()
    seen = progress(project)
    while tally.kills < kills and tally.failed == 0:
        process = start_search(project)
        try:
            # Starting takes a good part of the time, and little can go wrong there.
            tally.failed += process.wait(moments.uniform(0.2, 1.0) * seconds) != 0
            restart(project)
            seen = progress(project)
            continue
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        now = progress(project)
        tally.kills += 1
        tally.searching += now[1] > 0
        tally.training += now[1] == 0
        tally.lost += now < seen
        seen = now
    tally.failed += finish(project) != 0
    tally.identical = same(project, unbroken)
    return tally


def new_project(home: Path) -> Path:
    """The digits project of ``nasea init``, made smaller."""
    home.mkdir()
    for name, content in project_files("pytorch", "classification").items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    scenario = home / "scen.yaml"
    text = scenario.read_text()
    for old, new in _SMALLER:
        assert old in text, f"the template no longer says {old!r}"
        text = text.replace(old, new)
    scenario.write_text(text)
    return home


def start_search(project: Path) -> subprocess.Popen[bytes]:
    """Start the search; what it prints goes to a file."""
    with (project / "output.txt").open("ab") as output:
        command = [sys.executable, "-c", _SEARCH]
        return subprocess.Popen(command, cwd=project, stdout=output, stderr=output)


def finish(project: Path) -> int:
    """Run the search to its end."""
    status = start_search(project).wait()
    if status:
        print((project / "output.txt").read_text()[-2000:], file=sys.stderr)
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


if __name__ == "__main__":
    main()
