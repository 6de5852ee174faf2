"""Searched networks against networks picked by hand, for detection and segmentation.

    python benchmarks/hand_picks/other_tasks.py bccd FOLDER [--framework tensorflow]
    python benchmarks/hand_picks/other_tasks.py camvid FILE.npz
        [--budget 60M] [--epochs 40] [--seeds 1] [--families mobilenet,uniform] [--directory D]
        [--smoke]

The data are those of benchmarks/bccd and benchmarks/camvid. One search of trunks and blocks under
the budget in FLOPs; then `nasea retrain --budget` chooses, and `nasea compare` trains its choice,
from scratch and from the weights of the search, and the hand picks, for the same epochs. The
figures are those of held-out images, which nothing selected on. Stop it at any time: the same
command goes on. Prints who is ahead, with the minutes of each part.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from run import of_standings, timed  # noqa: E402

import nasea  # noqa: E402
from dense import BCCD, CAMVID, FRAMEWORKS, Study  # noqa: E402
from nasea.cli.tables.compare import standings_table  # noqa: E402
from nasea.cli.terminal.console import results_console  # noqa: E402
from nasea.cli.terminal.listener import RichListener  # noqa: E402
from nasea.errors import Interrupted  # noqa: E402
from nasea.pipeline.hand_picks.compare import CompareOptions, compare  # noqa: E402
from nasea.pipeline.hand_picks.contenders import ContenderSelection  # noqa: E402
from nasea.pipeline.retraining.halving import retrain_best  # noqa: E402
from nasea.pipeline.retraining.plan import Request  # noqa: E402
from nasea.results.near import trained_choice  # noqa: E402
from nasea.results.recommend import parse_budget  # noqa: E402
from recording import record  # noqa: E402
from searches import edit  # noqa: E402

STUDIES = {"bccd": BCCD, "camvid": CAMVID}
SLACK = 1.03
"""The search may spend what a hand pick may: so many times the budget."""
BLOCKS = "      blocks: [skip, separable_k3, inverted_k3_e3, basic_x0.5, basic_x1]\n"
WIDTHS = "      widths: [0.5, 0.75, 1, 1.5]\n      activation: silu\n"
CANDIDATES = 4


def write_project(study: Study, asked: argparse.Namespace, budget: float) -> None:
    """The project of the study, with trunks to choose from and held-out images."""
    data = asked.data.resolve()
    study.write_project(asked.directory, data, asked.framework, asked.smoke)
    scenario = asked.directory / "scen.yaml"
    text = scenario.read_text()
    value = next(line for line in text.splitlines() if "constraint_value:" in line)
    val = next(line for line in text.splitlines() if "val_dir:" in line)
    edit(
        scenario,
        (value, f"      constraint_value: {SLACK * budget:.0f}"),
        (val, f"{val}\n      test_dir: {data / study.parts['test']}"),
        (BLOCKS, WIDTHS),
    )
    edit(asked.directory / "pre_train.yaml", (BLOCKS, WIDTHS))


def compared(asked: argparse.Namespace, budget: float) -> dict[str, Any]:
    """Search, choose, compare; each part unless it is done."""
    home, config = asked.directory, asked.directory / "scen.yaml"
    seconds = home / "search_seconds.json"
    if not (home / "results" / "front.json").is_file():
        with timed(seconds), RichListener() as listener:
            nasea.search(config, directory=home, listener=listener)
    choosing = home / "choosing_seconds.json"
    if trained_choice(home / "results", "flops", budget) is None:
        with timed(choosing), RichListener() as listener:
            retrain_best(
                config,
                budget,
                CANDIDATES,
                Request(epochs=asked.epochs),
                formats=(),
                results=home / "results",
                directory=home,
                listener=listener,
            )
    families = tuple(word for word in asked.families.split(",") if word)
    options = CompareOptions(ContenderSelection(budget, (), families), asked.epochs, asked.seeds)
    with RichListener() as listener:
        standings = compare(config, options, directory=home, listener=listener)
    results_console().print(standings_table(standings))
    return of_standings(standings) | {
        "search_seconds": json.loads(seconds.read_text())[0],
        "choosing_seconds": json.loads(choosing.read_text())[0],
    }


def main() -> None:
    """Search, train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--framework", choices=FRAMEWORKS, default="pytorch")
    parser.add_argument("--budget", default="60M", help="in FLOPs")
    parser.add_argument("--epochs", type=int, default=40, help="of each training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--families", default="", help="by name or its beginning; default all")
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--smoke", action="store_true", help="a minute of it; records nothing")
    asked = parser.parse_args()
    study, budget = STUDIES[asked.study], parse_budget(asked.budget)
    usual = Path(f"hand_picks_{study.name}_{asked.framework}")
    asked.directory = (asked.directory or usual).resolve()
    if asked.smoke:
        asked.epochs = 1
    start = time.perf_counter()
    try:
        if not (asked.directory / "scen.yaml").is_file():
            write_project(study, asked, budget)
        found = compared(asked, budget)
    except Interrupted as stop:
        raise SystemExit(str(stop)) from None
    minutes = {
        "search": found["search_seconds"],
        "retrain --budget": found["choosing_seconds"],
        "a training": statistics.fmean(r["training_seconds"] for r in found["rows"].values()),
        "this start": time.perf_counter() - start,
    }
    print(f"{study.metric} on held-out images; minutes:", end=" ")
    print(", ".join(f"{name} {seconds / 60:.1f}" for name, seconds in minutes.items()))
    for name, points in found["points_ahead"].items():
        print(f"{name}: {points:+.1f} points")
    if not asked.smoke:
        record(f"hand_picks_{study.name}_{asked.framework}", 0, found | {"budget": asked.budget})


if __name__ == "__main__":
    main()
