"""Three objectives at once: how much of the true front do a few evaluations show?

    python benchmarks/search_quality/many_objectives.py DATA [--seeds 20]

NAS-Bench-201 on CIFAR-100: accuracy, parameters, and the latency on a device (DATA as in run.py). A
strategy sees the accuracy of one training seed; what counts is the hypervolume of the true values
of the front as the strategy saw it, as a share of the true front's. Ours (`searcher.objectives`)
against random draws, our own search of one cost, and pymoo's NSGA-II and NSGA-III on all three
objectives, with our operators, the same population and duplicates eliminated.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from ours import searched
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.moo.nsga3 import NSGA3
from rivals import pymoo_rows, random_rows
from tables import Table, nb201

from nasea.strategy import Archive, Objective, Record, Score, hypervolume
from nasea.strategy.evolution.reference_directions import directions
from nasea.strategy.problem import FloatArray, IntArray
from recording import record, table

DEVICES = ("samsung_s7", "eyeriss", "raspi4")
SHOWN = (50, 100, 200, 300, 500)
POP_SIZE = 40

Rows = Callable[[Table, int, int], IntArray]


def with_parameters(folder: Path, device: str) -> Table:
    """The latency of a device, and the parameters as a further objective."""
    of = nb201(folder, device)
    with np.load(folder / "nb201_hw.npz") as data:
        parameters = data["cifar100_params_M"].astype(np.float64)

    def cost(genomes: IntArray) -> FloatArray:
        found: FloatArray = parameters[of.rows(genomes)]
        return found

    # Parameters add up over the cell's edges, so one edge changed tells what it adds.
    plain = tuple(0 for _ in of.choices)
    layers = []
    for layer, count in enumerate(of.choices):
        changed = np.array([plain] * count)
        changed[:, layer] = np.arange(count)
        layers.append(cost(changed))
    objective = Objective(cost, tuple(layers), float(parameters[of.feasible].max()))
    return replace(of, further=(objective,))


def share(of: Table, rows: IntArray, seed: int) -> float:
    """Share of the true hypervolume that the front of these rows has."""
    observed = of.observed[:, seed % of.observed.shape[1]]
    return volume(of, front(of, rows, observed)) / volume(of, front(of, of.feasible, of.true))


def front(of: Table, rows: IntArray, qualities: FloatArray) -> IntArray:
    """The rows that no other dominates."""
    costs = of.all_costs(rows)
    records = [
        Record((int(row),), c[0], Score(float(qualities[row]), None), 0, tuple(c[1:]))
        for row, c in zip(rows, costs.tolist(), strict=True)
    ]
    kept = Archive(tuple(records)).front(of.budget)
    return np.array([one.genome[0] for one in kept])


def volume(of: Table, rows: IntArray) -> float:
    """Hypervolume of the true values of rows."""
    further = tuple((one.low, one.high) for one in of.further)
    reference = replace(of.reference, further=further)
    return hypervolume(of.all_costs(rows), of.true[rows], reference)


def by_one_cost(of: Table, seed: int, count: int) -> IntArray:
    """Our search of accuracy and latency alone."""
    return searched(replace(of, further=()), seed, count, mode="evolutionary")


STRATEGIES: dict[str, Rows] = {
    "random": random_rows,
    "nasea, one cost": by_one_cost,
    "pymoo NSGA-II": partial(pymoo_rows, make=partial(NSGA2, pop_size=POP_SIZE)),
    "pymoo NSGA-III": partial(
        pymoo_rows, make=partial(NSGA3, ref_dirs=directions(3, POP_SIZE), pop_size=POP_SIZE)
    ),
    "nasea, three objectives": partial(searched, mode="evolutionary"),
}


def main() -> None:
    """Print and record the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    results: dict[str, dict[str, dict[str, list[float]]]] = {}
    for device in DEVICES:
        of = with_parameters(asked.data, device)
        lines = []
        for name, strategy in STRATEGIES.items():
            began = time.perf_counter()
            found = [strategy(of, seed, max(SHOWN)) for seed in range(asked.seeds)]
            seconds = (time.perf_counter() - began) / asked.seeds
            cells, kept = [name], {}
            for count in SHOWN:
                shares = [share(of, rows[:count], seed) for seed, rows in enumerate(found)]
                mean, spread = statistics.mean(shares), statistics.stdev(shares)
                cells.append(f"{mean:.4f} ± {spread:.4f}")
                kept[str(count)] = [round(mean, 5), round(spread, 5)]
            lines.append([*cells, f"{seconds:.2f}"])
            results.setdefault(of.name, {})[name] = kept
        print(f"\n{of.name}, parameters, accuracy")
        print(table(["strategy", *map(str, SHOWN), "s"], lines), flush=True)
    record("many_objectives", 0, {"seeds": asked.seeds, "shares": results})


if __name__ == "__main__":
    main()
