"""The whole job in the same CPU time: nasea, other tools, and networks picked by hand.

    python benchmarks/equal_time/run.py FILE.npz [--seconds 240,900] [--flops 4M] [--seeds 2]
        [--images 4000] [--names nasea,efficientnet,resnet_d1,optuna,fastnas]
        [--fastnas-python PYTHON] [--directory D]

One network of at most so many FLOPs is wanted, from data to trained weights, in so many CPU seconds
of one core. ``nasea search --time`` does all of it; a hand pick is trained all of the time; Optuna
spends three fifths on candidates that it trains for three epochs; FastNAS (NVIDIA ModelOpt, in an
environment of its own) trains a wide network and narrows it. All have the same data, PreNet and
PostNet, optimiser and schedule, and are measured on test images, which nothing selects on.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parent / "hand_picks")]

from projects_of import FLOPS, search_project  # noqa: E402
from recipe import thinned  # noqa: E402

from nasea.pipeline.planning.clock import stored_plan  # noqa: E402
from nasea.results.recommend import amount, parse_budget  # noqa: E402
from nasea.results.retrained import RETRAINED_FILE, Retrained  # noqa: E402
from recording import record, recorded, table  # noqa: E402
from searches import edit  # noqa: E402

NAME = "equal_time"
NAMES = "nasea,efficientnet,resnet_d1,optuna,fastnas"
_ONE_CORE = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def cpu_seconds(command: list[str], log: Path, cwd: Path) -> float:
    """Run a command to its end; returns the CPU seconds of it and of what it started."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, env=os.environ | _ONE_CORE
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}; see {log}")
    return used.ru_utime + used.ru_stime


def by_nasea(home: Path, seconds: float, seed: int) -> dict[str, Any]:
    """``nasea search --time``, and what it retrained."""
    edit(
        home / "scen.yaml", ("    framework: PyTorch", f"    framework: PyTorch\n    seed: {seed}")
    )
    command = [sys.executable, "-m", "nasea", "search", "--time", f"{seconds:.0f}s"]
    used = cpu_seconds(command, home / "log.txt", home)
    (found,) = (home / "results").rglob(f"*/{RETRAINED_FILE}")
    best = Retrained.load(found)
    stored = stored_plan(home)
    assert stored is not None, "the search follows a plan"
    plan = stored[0]
    how = f"{plan.epochs} epochs of the supernet, best of {plan.candidates}, {best.plan.words}"
    return {
        "how": how,
        "flops": best.member.flops,
        "cpu_seconds": used,
        "val": best.member.metric,
        "test": best.test_metric,
    }


def main() -> None:
    """Run, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, metavar="FILE.npz")
    parser.add_argument("--seconds", default="240,900")
    parser.add_argument("--flops", default="4M")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--images", type=int, default=4000, dest="count", help="to train on")
    parser.add_argument("--names", default=NAMES)
    parser.add_argument("--fastnas-python", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--directory", type=Path, default=Path(f"{NAME}_run"))
    asked = parser.parse_args()
    home = asked.directory.resolve()
    home.mkdir(parents=True, exist_ok=True)
    images = thinned(asked.images, asked.count, home / "images.npz")
    flops = parse_budget(asked.flops)
    found: dict[str, Any] = {}
    for seconds in (float(one) for one in asked.seconds.split(",")):
        rows: dict[str, list[dict[str, Any]]] = {}
        for name in asked.names.split(","):
            for seed in range(asked.seeds):
                place = home / f"{name}_{seconds:.0f}_{seed}"
                out = place / "outcome.json"
                if not out.is_file():
                    search_project(place, FLOPS, 1.03 * flops, images, 15, False)
                    if name == "nasea":
                        outcome = by_nasea(place, seconds, seed)
                    else:
                        python = asked.fastnas_python if name == "fastnas" else sys.executable
                        what = [name, place, images, seconds, flops, seed, place / "found.json"]
                        command = [python, HERE / "contender.py", *what]
                        cpu_seconds([str(word) for word in command], place / "log.txt", place)
                        outcome = json.loads((place / "found.json").read_text())
                    out.write_text(json.dumps(outcome) + "\n")
                rows.setdefault(name, []).append(json.loads(out.read_text()))
        found[f"{amount(flops)} FLOPs, {seconds:.0f} CPU seconds, {asked.count} images"] = rows
    for title, rows in found.items():
        print(f"\n{title}")
        lines = [
            [
                name,
                f"{statistics.fmean(one['test'] for one in each):.4f}",
                ", ".join(f"{one['test']:.3f}" for one in each),
                f"{statistics.fmean(one['val'] for one in each):.4f}",
                f"{statistics.fmean(one['cpu_seconds'] for one in each):.0f}",
                amount(each[0]["flops"]),
                each[0]["how"],
            ]
            for name, each in rows.items()
        ]
        print(table(["", "test", "each seed", "val", "CPU s", "FLOPs", "how"], lines))
    record(NAME, 0, recorded(NAME) | found)


if __name__ == "__main__":
    main()
