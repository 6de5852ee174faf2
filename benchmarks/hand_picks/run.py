"""Is the search worth it? Searched networks against networks picked by hand, at equal cost.

    python benchmarks/hand_picks/run.py FILE.npz [--budgets 1.2M,3.2M,6.6M,12.4M] [--sizes 15k,60k]
        [--seeds 3] [--epochs 15] [--families resnet,efficientnet] [--directory D] [--quick]

FILE.npz holds ``train_images`` (N, 32, 32, 3) uint8, ``train_labels`` and the same for ``test``:
CIFAR-10, or a part of it. One search, with the settings that `nasea init` ships, SiLU and trunks of
4 to 24 channels, serves all budgets in FLOPs, and another all in parameters. At each budget, scaled
to it within 3 %: the known families, each block of the default set in every layer, the best and the
median by the supernet of 20 random networks of the search space (±5 %), and what `nasea retrain
--budget` chooses of what was searched, from scratch, from its weights, and from its weights with a
teacher, the network chosen for a larger budget. All have the same stem, head, recipe and epochs.
Accuracy is that of the test images, which neither a search nor a training selected on, with the
weights of the last epoch; mean and 95 % interval over the seeds. Hours on 2 cores: stop it at any
time, or run it a budget at a time; the same command goes on, and what is recorded of other budgets
stays. Larger budgets first, or there is no teacher.
``--quick`` shows in minutes
that everything fits together, and records nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from projects_of import FLOPS, SIZE, Kind, search_project  # noqa: E402
from slices import drawn_of, entries_of  # noqa: E402

import nasea  # noqa: E402
from nasea.cli.tables.compare import standings_table  # noqa: E402
from nasea.cli.terminal.console import results_console  # noqa: E402
from nasea.cli.terminal.listener import RichListener  # noqa: E402
from nasea.errors import Interrupted  # noqa: E402
from nasea.pipeline.hand_picks.compare import CompareOptions, compare  # noqa: E402
from nasea.pipeline.hand_picks.contenders import ContenderSelection  # noqa: E402
from nasea.pipeline.retraining.halving import retrain_best  # noqa: E402
from nasea.pipeline.retraining.plan import Request, retrained_name  # noqa: E402
from nasea.pipeline.retraining.retrain import retrain  # noqa: E402
from nasea.results.near import folder_near, trained_choice  # noqa: E402
from nasea.results.recommend import amount, parse_budget  # noqa: E402
from nasea.results.standings import Contender, Standings, mean_in_words  # noqa: E402
from nasea.results.teachers import find_teacher  # noqa: E402
from recording import record, recorded, table  # noqa: E402

NAME = "hand_picks"
SERVES = 1.03
"""A search's constraint is so many times its largest budget: what a hand pick may cost, it may."""
QUICK = ("resnet_d1", "efficientnet", "uniform_separable_k3")


@contextmanager
def timed(path: Path) -> Iterator[None]:
    """Add seconds and CPU seconds of what is done within to those in a file, over all starts."""
    start = time.perf_counter(), sum(os.times()[:4])
    try:
        yield
    finally:
        before = json.loads(path.read_text()) if path.is_file() else [0.0, 0.0]
        spent = time.perf_counter() - start[0], sum(os.times()[:4]) - start[1]
        path.write_text(json.dumps([a + b for a, b in zip(before, spent, strict=True)]))


def studied(
    asked: argparse.Namespace, kind: Kind, budgets: list[float], families: tuple[str, ...]
) -> dict[str, Any]:
    """The results at some budgets of one kind, by budget."""
    most_expensive = SERVES * max(asked.every[kind.constraint])
    project = search_project(
        asked.directory / kind.constraint,
        kind,
        most_expensive,
        asked.images,
        asked.epochs,
        asked.quick,
    )
    seconds = project / "seconds.json"
    if not (project / "results" / "front.json").is_file():
        with timed(seconds), RichListener() as listener:
            nasea.search(project / "scen.yaml", directory=project, listener=listener)
    drawn = drawn_of(project, budgets, asked.quick)
    clock, cpu = json.loads(seconds.read_text())
    found = {}
    for budget in sorted(budgets, reverse=True):  # what is chosen for the larger ones teaches
        choosing = {
            start: chosen(asked, project, kind, budget, from_scratch)
            for start, from_scratch in (("from scratch", True), ("inherited", False))
        }
        teach(asked, project, kind, budget)
        options = CompareOptions(
            ContenderSelection(budget, (), families), asked.epochs, asked.seeds
        )
        more = entries_of(drawn[budget]) if budget in drawn else None
        with RichListener() as listener:
            standings = compare(
                project / "scen.yaml", options, directory=project, more=more, listener=listener
            )
        results_console().print(standings_table(standings))
        label = f"{amount(budget)} {kind.symbol}"
        found[label] = of_standings(standings) | {
            "search_seconds": clock,
            "search_cpu_seconds": cpu,
            "choosing_seconds": choosing,
        }
    return dict(reversed(found.items()))


def chosen(
    asked: argparse.Namespace, project: Path, kind: Kind, budget: float, from_scratch: bool
) -> float:
    """Have `nasea retrain --budget` choose, unless it has; returns the seconds it took."""
    seconds = project / f"choosing_{amount(budget)}{'_scratch' * from_scratch}.json"
    found = trained_choice(project / "results", kind.constraint, budget, from_scratch=from_scratch)
    if found is None:
        with timed(seconds), RichListener() as listener:
            retrain_best(
                project / "scen.yaml",
                budget,
                asked.candidates,
                Request(from_scratch=from_scratch, epochs=asked.epochs),
                formats=(),
                results=project / "results",
                directory=project,
                listener=listener,
            )
    return float(json.loads(seconds.read_text())[0])


def teach(asked: argparse.Namespace, project: Path, kind: Kind, budget: float) -> None:
    """Retrain what was chosen for a budget with a teacher, unless it was or there is none."""
    results = project / "results"
    near = results / folder_near(kind.constraint, budget)
    student = trained_choice(results, kind.constraint, budget)
    assert student is not None, "it is chosen first"
    request = Request(distill=True, epochs=asked.epochs)
    number = student.member.number
    teacher = find_teacher(near, student)
    if teacher is None or (near / retrained_name(number, request)).is_dir():
        return
    with RichListener() as listener:
        retrain(
            project / "scen.yaml",
            number,
            request,
            formats=(),
            results=near,
            directory=project,
            listener=listener,
        )


def of_standings(found: Standings) -> dict[str, Any]:
    """What is recorded of a budget."""
    rows = {
        row.name if row.kind in ("hand pick", "uniform", "random") else row.kind: {
            "kind": row.kind,
            "parameters": row.parameters,
            "flops": row.flops,
            "filters": row.filters,
            "blocks": row.blocks,
            "test_accuracies": row.accuracies,
            "mean": row.mean,
            "half_interval": row.interval,
            "summary": mean_in_words(row),
            "training_seconds": statistics.fmean(row.seconds),
        }
        for row in found.rows
    }
    lead = {}
    best = found.best("hand pick", "uniform")
    rivals: list[tuple[str, Contender | None]] = [("best hand pick", best)]
    rivals += [(row.name, row) for row in found.rows if row.kind == "random"]
    for kind in ("searched", "searched, inherited", "searched, taught"):
        ours = next((row for row in found.rows if row.kind == kind), None)
        for name, rival in rivals:
            if ours is not None and rival is not None:
                lead[f"{kind}, over {name}"] = 100 * (ours.mean - rival.mean)
    return {
        "epochs": found.epochs,
        "seeds": found.seeds,
        "best_hand_pick": None if best is None else best.name,
        "rows": rows,
        "points_ahead": lead,
        "excluded": {one.name: one.reason for one in found.excluded},
    }


def overview(found: dict[str, Any]) -> str:
    """A row a network, a column a budget; then the points by which the search is ahead."""
    names = list(dict.fromkeys(name for one in found.values() for name in one["rows"]))
    first = (
        "searched",
        "searched, inherited",
        "searched, taught",
        "random, best",
        "random, median",
    )
    names.sort(key=lambda name: (first.index(name) if name in first else len(first), name))
    rows = [
        [name, *(one["rows"].get(name, {"summary": "-"})["summary"] for one in found.values())]
        for name in names
    ]
    rows += [
        ["minutes of search", *(f"{one['search_seconds'] / 60:.1f}" for one in found.values())],
        *(
            [
                f"minutes of retrain --budget, {start}",
                *(f"{one['choosing_seconds'][start] / 60:.1f}" for one in found.values()),
            ]
            for start in ("from scratch", "inherited")
        ),
        [
            "minutes of a training",
            *(
                f"{statistics.fmean(r['training_seconds'] for r in one['rows'].values()) / 60:.2f}"
                for one in found.values()
            ),
        ],
    ]
    lines = [table(["test accuracy", *found], rows), ""]
    leads = list(dict.fromkeys(name for one in found.values() for name in one["points_ahead"]))
    for name in leads:
        values = [o["points_ahead"][name] for o in found.values() if name in o["points_ahead"]]
        each = ", ".join(f"{value:+.1f}" for value in values)
        lines.append(f"{name}: {each} points; mean {statistics.fmean(values):+.1f}")
    return "\n".join(lines)


def main() -> None:
    """Search, train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, metavar="FILE.npz")
    parser.add_argument("--budgets", default="1.2M,3.2M,6.6M,12.4M", help="in FLOPs; '' for none")
    parser.add_argument("--sizes", default="15k,60k", help="in parameters; '' for none")
    parser.add_argument("--families", default="", help="by name or its beginning; default all")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--epochs", type=int, help="of stand-alone training")
    parser.add_argument("--candidates", type=int, default=8, help="of nasea retrain --budget")
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    asked.images = asked.images.resolve()
    asked.seeds = asked.seeds or (1 if asked.quick else 3)
    asked.epochs = asked.epochs or (1 if asked.quick else 15)
    name = f"{NAME}_quick" if asked.quick else f"{NAME}_run"
    asked.directory = (asked.directory or Path(name)).resolve()
    # The searches serve every budget of the full study, whichever are asked for now.
    asked.every = {"flops": [12.4e6], "size": [60e3]}
    wanted = []
    for kind, words in ((FLOPS, asked.budgets), (SIZE, asked.sizes)):
        budgets = [parse_budget(word) for word in words.split(",") if word.strip()]
        asked.every[kind.constraint] += budgets
        wanted.append((kind, budgets))
    families = tuple(word for word in asked.families.split(",") if word)
    if asked.quick and not families:
        families = QUICK
    found: dict[str, Any] = {}
    try:
        for kind, budgets in wanted:
            if budgets:
                found |= studied(asked, kind, budgets, families)
    except Interrupted as stop:
        raise SystemExit(str(stop)) from None
    print(overview(found))
    if not asked.quick:
        whole = recorded(NAME) | found
        record(NAME, 0, whole)


if __name__ == "__main__":
    main()
