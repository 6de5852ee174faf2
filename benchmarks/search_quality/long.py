"""When does a search end by itself, and is what it shows true?

    python benchmarks/search_quality/long.py DATA [--layers 8 27 50] [--seeds 1]
        [--contenders NAME ...] [--seconds 120]

DATA as in run.py. Spaces of 8, 27 and 50 layers (``landscapes.py``), whose scores have the error
of so many validation images. Searches of at most 100 generations of 40: as `nasea search` does,
with members of the front scored again and an end when only noise is gained; the same without
either; and what others would use, as far as they are installed, up to the scores that take them
SECONDS of processor time. *Seen* is the hypervolume of the front as its scores show it, *true*
that of the true accuracies of the same architectures, both in percentage points of accuracy, mean
over the costs up to the budget. Scores that were made again are among those counted.

Contenders are recorded as they are done. With --contenders, the others keep their figures from
the record.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from landscapes import Landscape, landscapes
from peers import Score, botorch_qlognehvi, optuna_gp, paid, pymoo_nsga2

from nasea.pipeline.search.rescoring import SCORED_FIRST
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.strategy import (
    GenerationReport,
    Genome,
    Patience,
    Rescoring,
    random_feasible,
    run_search,
    strategy_for,
)
from recording import record, recorded, table

NAME = "search_length"
GENERATIONS, POP_SIZE = 100, 40
MARKS = (100, 200, 400, 1000, 2000, 4000)
WITNESSES = 20


@dataclass(frozen=True)
class Point:
    """A search after some scores.

    Attributes:
        scores: paid for, those made again included.
        seen: hypervolume as the scores show it.
        true: of the same front, as it is.
        seconds: of processor time of choosing, so far.
        megabytes: of a checkpoint; 0 where there is none.
        ended: whether it ended here by itself.
    """

    scores: int
    seen: float
    true: float
    seconds: float
    megabytes: float = 0.0
    ended: bool = False


Contender = Callable[[Landscape, int, float], list[Point]]


def noise_of(of: Landscape, seed: int) -> float:
    """The noise of scores, as a search finds it: by scoring some architectures again."""
    genomes = random_feasible(of.problem, WITNESSES, np.random.default_rng(seed))
    one, other = (of.scores(genomes, seed, turn) for turn in (8, 9))
    return float(np.sqrt((one - other).var(ddof=1) / 2))


def ours(of: Landscape, seed: int, *, default: bool) -> list[Point]:
    """A search of this project; without ``default``, to its last generation and score by score."""
    points: list[Point] = []
    marks = list(MARKS)
    scoring, began = 0.0, time.process_time()

    def evaluate(genomes: list[Genome], turn: int = 0) -> list[object]:
        nonlocal scoring
        asked = time.process_time()
        scores = of.evaluate(seed, turn)(genomes)
        scoring += time.process_time() - asked
        return list(scores)

    def point(report: GenerationReport, *, ended: bool = False) -> Point:
        records = report.archive.records
        seen, true = of.volumes(
            [one.genome for one in records],
            np.array([one.score.quality for one in records], dtype=np.float64),
        )
        return Point(
            sum(one.score.tried for one in records),
            seen,
            true,
            time.process_time() - began - scoring,
            megabytes_of(report),
            ended,
        )

    last: list[GenerationReport] = []

    def on_generation(report: GenerationReport) -> None:
        nonlocal scoring
        asked = time.process_time()
        last[:] = [report]
        if marks and sum(one.score.tried for one in report.archive) >= marks[0]:
            marks.pop(0)
            points.append(point(report))
            print(f"{of.name}: {points[-1]}", flush=True)
        scoring += time.process_time() - asked

    noise = noise_of(of, seed)
    outcome = run_search(
        of.problem,
        evaluate,  # type: ignore[arg-type]
        pop_size=POP_SIZE,
        generations=GENERATIONS,
        seed=seed,
        strategy=strategy_for("assisted", of.problem),
        patience=Patience(None if default else 0, noise / 2**0.5),
        rescoring=Rescoring(evaluate, 2, noise, SCORED_FIRST) if default else None,  # type: ignore[arg-type]
        on_generation=on_generation,
    )
    print(f"{of.name}: {outcome.reason}", flush=True)
    end = point(last[0], ended=outcome.stopped != "completed")
    return [*(one for one in points if one.scores < end.scores), end]


def megabytes_of(report: GenerationReport) -> float:
    """What a checkpoint of the search takes, with its book of all measurements."""
    book = [
        [list(one.genome), [None, 512], one.score.metric, None]
        for one in report.archive
        for _ in range(one.score.tried)
    ]
    meta = {"archive": report.archive.to_dict(), "state": report.state.to_dict(), "book": book}
    with tempfile.TemporaryDirectory() as folder:
        CheckpointStore(Path(folder), "search").save(meta)
        return sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6


def peer(
    of: Landscape,
    seed: int,
    *,
    propose: Callable[[Landscape, Score, int], Iterator[Genome]],
    most: int,
    seconds: float,
) -> list[Point]:
    """Somebody else's search, for so long at most."""
    known: dict[Genome, float] = {}

    def score(genome: Genome) -> float:
        if genome not in known:
            known[genome] = float(of.scores([genome], seed)[0])
        return known[genome]

    genomes: list[Genome] = []
    points: list[Point] = []
    began = time.process_time()
    stream = paid(of, propose(of, score, seed), score, seed)
    while len(genomes) < most:
        genome = next(stream, None)
        if genome is None:
            break
        genomes.append(genome)
        spent = time.process_time() - began
        late = spent > seconds
        if len(genomes) in MARKS or len(genomes) == most or late:
            seen, true = of.volumes(genomes, np.array([known[one] for one in genomes]))
            points.append(Point(len(genomes), seen, true, spent))
        if late:
            break
    return points


def ours_by_default(of: Landscape, seed: int, seconds: float) -> list[Point]:
    """As `nasea search` does."""
    return ours(of, seed, default=True)


def ours_to_the_end(of: Landscape, seed: int, seconds: float) -> list[Point]:
    """With `stall_generations: 0` and no score made again."""
    return ours(of, seed, default=False)


def nsga2(of: Landscape, seed: int, seconds: float) -> list[Point]:
    """Pymoo's NSGA-II."""
    most = min(GENERATIONS * POP_SIZE, 3200) if of.problem.layers == 8 else GENERATIONS * POP_SIZE
    return peer(of, seed, propose=pymoo_nsga2, most=most, seconds=seconds)


def gp_sampler(of: Landscape, seed: int, seconds: float) -> list[Point]:
    """Optuna's GPSampler."""
    return peer(of, seed, propose=optuna_gp, most=400, seconds=seconds)


def qlognehvi(of: Landscape, seed: int, seconds: float) -> list[Point]:
    """BoTorch's qLogNEHVI."""
    return peer(of, seed, propose=botorch_qlognehvi, most=400, seconds=seconds)


CONTENDERS: dict[str, Contender] = {
    "nasea, by default": ours_by_default,
    "nasea, to the end": ours_to_the_end,
    "pymoo NSGA-II": nsga2,
    "Optuna GPSampler": gp_sampler,
    "BoTorch qLogNEHVI": qlognehvi,
}
NEEDS = {"Optuna GPSampler": "optuna", "BoTorch qLogNEHVI": "botorch"}


def main() -> None:
    """Print and record the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--layers", type=int, nargs="+", default=[8, 27, 50])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--seconds", type=float, default=120.0, help="for others, at most")
    arguments = parser.parse_args()
    spaces = landscapes(arguments.data)
    found = recorded(NAME).get("layers", {})
    for name in arguments.contenders:
        package = NEEDS.get(name)
        if package is not None and importlib.util.find_spec(package) is None:
            print(f"{name}: {package} is not installed")
            continue
        for layers in arguments.layers:
            runs = [
                [
                    asdict(point)
                    for point in CONTENDERS[name](spaces[layers], seed, arguments.seconds)
                ]
                for seed in range(arguments.seeds)
            ]
            found.setdefault(str(layers), {})[name] = runs
            record(NAME, 0, {"noise": spaces[layers].noise, "layers": found})
    for layers, by in sorted(found.items(), key=lambda item: int(item[0])):
        print_layers(f"{layers} layers ({spaces[int(layers)].name})", by)


def print_layers(title: str, by: dict[str, list[list[dict[str, float]]]]) -> None:
    """A row a contender and number of scores, means over the seeds."""
    rows = []
    for name, runs in by.items():
        for points in zip(*aligned(runs), strict=True):
            means = {
                key: statistics.mean(float(point[key]) for point in points) for key in points[0]
            }
            ended = " (ended)" if means["ended"] else ""
            rows.append(
                [
                    name,
                    f"{means['scores']:,.0f}{ended}",
                    f"{means['seen']:.3f}",
                    f"{means['true']:.3f}",
                    f"{means['seconds']:.0f}",
                    f"{means['megabytes']:.2f}" if means["megabytes"] else "",
                ]
            )
    print(f"\n{title}")
    print(table(["contender", "scores", "seen", "true", "choosing (s)", "checkpoint (MB)"], rows))


def aligned(runs: list[list[dict[str, float]]]) -> list[list[dict[str, float]]]:
    """As many points of each run, its end among them: some end sooner than others."""
    count = min(map(len, runs))
    return [[*run[: count - 1], run[-1]] for run in runs]


if __name__ == "__main__":
    main()
