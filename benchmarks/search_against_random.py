"""Does searching beat drawing at random, on one and the same supernet?

    python benchmarks/search_against_random.py PROJECT [--evaluations 200] [--seeds 10]

PROJECT is a directory in which `nasea search` has trained a supernet. For each search seed, the
hypervolume of the front that NSGA-II finds is compared with that of equally many random feasible
architectures; every score is a true one of that supernet. Costs count from the cheapest
architecture to the budget, qualities from a fixed reference; both strategies see the same one.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nasea.backends.base import Slice
from nasea.pipeline.direction import Direction
from nasea.pipeline.probe import Prepared
from nasea.results.front import Front
from nasea.space import Genome
from nasea.strategy import (
    Archive,
    HypervolumeReference,
    Score,
    hypervolume,
    random_search,
    run_search,
)
from projects import open_trained
from recording import record, table

POP_SIZE = 20
STUDENT_T = {10: 2.262, 20: 2.093}
"""97.5 % quantile for a mean of so many values."""


class Evaluator:
    """True scores, each measured once for all seeds."""

    def __init__(self, prepared: Prepared, direction: Direction) -> None:
        self.prepared = prepared
        self.direction = direction
        self.known: dict[Genome, Score] = {}

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        for genome in genomes:
            if genome not in self.known:
                measured = self.prepared.backend.measure(genome, Slice(self.prepared.eval_images))
                self.known[genome] = (
                    Score.failed(measured.failure or "unknown")
                    if measured.metric is None
                    else Score(self.direction.accuracy(measured.metric), measured.metric)
                )
        return [self.known[genome] for genome in genomes]


def front_hypervolume(archive: Archive, reference: HypervolumeReference) -> float:
    """Hypervolume of the feasible front of an archive."""
    front = archive.front(reference.cost_high)
    qualities = [record.score.quality or 0.0 for record in front]
    costs = np.array([record.cost for record in front])
    return hypervolume(costs, np.array(qualities), reference)


def interval(values: Sequence[float]) -> float:
    """Half-width of the 95 % interval of the mean."""
    quantile = STUDENT_T.get(len(values), 1.96)
    return quantile * statistics.stdev(values) / math.sqrt(len(values))


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
    problem = prepared.problem
    # The quality that training gives without any body to speak of: the cheapest architecture's.
    worst = evaluate([problem.cheapest])[0].quality or 0.0
    reference = HypervolumeReference(worst, problem.cheapest_cost, problem.budget)
    searched, drawn = [], []
    for seed in range(arguments.seeds):
        generations = arguments.evaluations // POP_SIZE
        outcome = run_search(
            problem, evaluate, pop_size=POP_SIZE, generations=generations, seed=seed
        )
        searched.append(front_hypervolume(outcome.archive, reference))
        archive = random_search(problem, evaluate, len(outcome.archive), seed)
        drawn.append(front_hypervolume(archive, reference))
        print(f"seed {seed}: search {searched[-1]:.5f}, random {drawn[-1]:.5f}", flush=True)
    gains = [a - b for a, b in zip(searched, drawn, strict=True)]
    rows = [
        [name, f"{statistics.mean(values):.5f}", f"± {interval(values):.5f}"]
        for name, values in (("NSGA-II", searched), ("random", drawn), ("difference", gains))
    ]
    print(f"hypervolume after {arguments.evaluations} true evaluations, {arguments.seeds} seeds")
    print(table(["strategy", "mean", "95 % interval"], rows))
    print(f"the search is better with {sum(gain > 0 for gain in gains)} of {len(gains)} seeds")
    record(
        f"search_against_random_{arguments.project.resolve().name}",
        prepared.scenario.seed,
        {"search": searched, "random": drawn, "evaluations": arguments.evaluations},
    )


if __name__ == "__main__":
    main()
