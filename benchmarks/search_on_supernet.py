"""Which way to search finds the better front, on one and the same supernet?

    python benchmarks/search_on_supernet.py PROJECT [--evaluations 200] [--seeds 10]

PROJECT is a directory in which `nasea search` has trained a supernet. For each search seed, the
hypervolume of the front after 50, 100, ... true scores of that supernet: NSGA-II, `searcher.mode:
assisted`, and equally many random feasible architectures. Costs count from the cheapest
architecture to the budget, qualities from that of the cheapest; all see the same ones. Also
printed: with how many evaluations `assisted` reaches what NSGA-II has in the end, and what share of
the time of the true scores it spends on choosing.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from nasea.backends.records import EvaluationSubset
from nasea.pipeline.probe import Prepared
from nasea.pipeline.search.direction import Direction
from nasea.results.front import Front
from nasea.space import Genome
from nasea.strategy import (
    Archive,
    HypervolumeReference,
    Problem,
    Score,
    hypervolume,
    random_search,
    run_search,
    strategy_for,
)
from projects import open_trained
from recording import record, table

POP_SIZE = 20
STEP = 10
SHOWN = 50


class Evaluator:
    """True scores, each measured once for all searches.

    Attributes:
        seconds: that measuring took.
    """

    def __init__(self, prepared: Prepared, direction: Direction) -> None:
        self.prepared = prepared
        self.direction = direction
        self.known: dict[Genome, Score] = {}
        self.seconds = 0.0

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        began = time.perf_counter()
        for genome in genomes:
            if genome not in self.known:
                measured = self.prepared.backend.measure(
                    genome, EvaluationSubset(self.prepared.eval_images)
                )
                self.known[genome] = (
                    Score.failed(measured.failure or "unknown")
                    if measured.metric is None
                    else Score(self.direction.accuracy(measured.metric), measured.metric)
                )
        self.seconds += time.perf_counter() - began
        return [self.known[genome] for genome in genomes]


class Strategies:
    """What is compared, on one problem.

    Args:
        problem: the space and its budget.
        evaluate: scores truly.
        evaluations: how many a search has.
    """

    def __init__(self, problem: Problem, evaluate: Evaluator, evaluations: int) -> None:
        self.problem = problem
        self.evaluate = evaluate
        self.evaluations = evaluations
        self.choosing = 0.0
        """Seconds that mode assisted has spent on choosing."""

    def all(self) -> dict[str, Callable[[int], Archive]]:
        """Name, and how to search with a seed."""
        return {
            "NSGA-II": lambda seed: self.searched(seed, "evolutionary"),
            "assisted": lambda seed: self.searched(seed, "assisted"),
            "random": lambda seed: random_search(
                self.problem, self.evaluate, self.evaluations, seed
            ),
        }

    def searched(self, seed: int, mode: str) -> Archive:
        """One of our own."""
        seconds = [0.0]
        archive = run_search(
            self.problem,
            self.evaluate,
            pop_size=POP_SIZE,
            generations=math.ceil(self.evaluations / POP_SIZE),
            seed=seed,
            strategy=strategy_for(mode, self.problem),
            on_generation=lambda report: seconds.append(report.proposal_seconds),
        ).archive
        if mode == "assisted":
            self.choosing += sum(seconds)
        return archive


def curve(archive: Archive, reference: HypervolumeReference, evaluations: int) -> list[float]:
    """Hypervolume of the feasible front after 10, 20, ... scores."""
    records = tuple(archive)
    found = []
    for count in range(STEP, evaluations + 1, STEP):
        front = Archive(records[:count]).front(reference.cost_high)
        qualities = np.array([record.score.quality or 0.0 for record in front])
        costs = np.array([record.cost for record in front])
        found.append(hypervolume(costs, qualities, reference))
    return found


def interval(values: Sequence[float]) -> str:
    """Mean and the half-width of its 95 % interval."""
    quantile = float(student.ppf(0.975, len(values) - 1))
    half = quantile * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):.5f} ± {half:.5f}"


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    prepared = open_trained(arguments.project)
    mode = Front.load(arguments.project / "results" / "front.json").info.metric_mode
    evaluate = Evaluator(prepared, Direction(mode, True, "from the finished run"))
    problem, most = prepared.problem, arguments.evaluations
    # The quality that training gives without any body to speak of: the cheapest architecture's.
    worst = evaluate([problem.cheapest])[0].quality or 0.0
    reference = HypervolumeReference(worst, problem.cheapest_cost, problem.budget)
    strategies = Strategies(problem, evaluate, most)
    curves: dict[str, list[list[float]]] = {name: [] for name in strategies.all()}
    for seed in range(arguments.seeds):
        for name, search in strategies.all().items():
            curves[name].append(curve(search(seed), reference, most))
        found_text = ", ".join(f"{name} {found[-1][-1]:.5f}" for name, found in curves.items())
        print(f"seed {seed}: {found_text}", flush=True)
    shown = [*range(SHOWN, most, SHOWN), most]
    rows = [
        [name, *(interval([one[n // STEP - 1] for one in found]) for n in shown)]
        for name, found in curves.items()
    ]
    print(table(["hypervolume", *(f"after {n}" for n in shown)], rows))
    ends = {name: [one[-1] for one in found] for name, found in curves.items()}
    for better, other in (("NSGA-II", "random"), ("assisted", "NSGA-II")):
        gains = [a - b for a, b in zip(ends[better], ends[other], strict=True)]
        wins = sum(gain > 0 for gain in gains)
        print(f"{better} over {other}: {interval(gains)}, with {wins} of {len(gains)} seeds")
    target = statistics.mean(ends["NSGA-II"])
    means = [statistics.mean(values) for values in zip(*curves["assisted"], strict=True)]
    needed = next((STEP * (i + 1) for i, mean in enumerate(means) if mean >= target), None)
    print(f"assisted is where NSGA-II is after {most} with {needed or 'more'} evaluations")
    score = evaluate.seconds / len(evaluate.known)
    share = strategies.choosing / (arguments.seeds * most * score)
    print(f"a true score takes {score:.3f} s; choosing takes {share:.1%} of that")
    record(
        f"search_on_supernet_{arguments.project.resolve().name}",
        prepared.scenario.seed,
        {
            "evaluations": most,
            "every": STEP,
            "curves": curves,
            "assisted_needs": needed,
            "seconds_of_a_score": score,
            "share_of_choosing": share,
        },
    )


if __name__ == "__main__":
    main()
