"""How many true evaluations does a search need?

    python benchmarks/search_quality/run.py DATA [--seeds 20] [--strategies NAME ...]
    python benchmarks/search_quality/run.py DATA --pool

DATA is a folder with nb201_hw.npz and nas_bench_macro.npz: spaces whose every
architecture was trained. A strategy sees the accuracy of one training seed; what counts is the
hypervolume of the *true* values, the mean over all training seeds, of the front as the strategy saw
it, as a share of the true front's. Each space is searched over its whole range of costs, and under
a budget in the middle of it. The speed-up is 500 over the evaluations with which a strategy's mean
reaches the mean that pymoo's NSGA-II, with the better of two population sizes, has after 500.

With --pool, NAS-Bench-MR instead (nas_bench_mr.npz): a sample, in which every architecture was
trained once, so that what a strategy sees is the truth. Proposals mean the nearest of the sample.

With --strategies, the others keep their figures from the record of an earlier run of as many seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ours import searched
from pool import ACCURACIES, nas_bench_mr
from rivals import optuna_nsga2, optuna_tpe, pymoo_nsga2, random_rows
from tables import DEVICES, Table, macro, nb201

from nasea.strategy.problem import IntArray
from recording import RECORDS, record, table

SHOWN = (50, 100, 150, 200, 300, 500)
STEP = 5
MOST = 500
NAME = "search_quality"
NSGA2 = ("pymoo NSGA-II, population 20", "pymoo NSGA-II, population 40")


@dataclass(frozen=True)
class Strategy:
    """Somebody's way to search.

    Attributes:
        rows: (table, seed, count) -> rows in the order in which they were paid for.
        most: evaluations it is measured up to.
    """

    rows: Callable[[Table, int, int], IntArray]
    most: int = MOST


STRATEGIES = {
    "random": Strategy(random_rows),
    NSGA2[0]: Strategy(partial(pymoo_nsga2, pop_size=20)),
    NSGA2[1]: Strategy(partial(pymoo_nsga2, pop_size=40)),
    "Optuna NSGA-II": Strategy(optuna_nsga2),
    # A proposal of TPE takes 30 ms: thousands of searches are too long a wait for all of them.
    "Optuna TPE": Strategy(optuna_tpe, most=150),
    "nasea evolutionary": Strategy(partial(searched, mode="evolutionary")),
    "nasea assisted": Strategy(partial(searched, mode="assisted")),
}


@dataclass
class Curve:
    """Shares of the true hypervolume by evaluations.

    Attributes:
        mean: after 5, 10, 15, ... evaluations, over the seeds.
        spread: standard deviation over the seeds.
        seconds: of processor time of one search, scores being free.
    """

    mean: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def at(self, evaluations: int) -> str:
        """Mean and spread, for the table."""
        index = evaluations // STEP - 1
        if index >= len(self.mean):
            return ""
        return f"{self.mean[index]:.4f} ± {self.spread[index]:.4f}"

    def each(self) -> str:
        """Milliseconds of processor time an evaluation, for the table."""
        return f"{1e3 * self.seconds / (STEP * len(self.mean)):.1f}"

    def needed(self, target: float) -> float:
        """Evaluations after which the mean is that high; infinite where it never is."""
        return next(
            (STEP * (i + 1) for i, mean in enumerate(self.mean) if mean >= target), math.inf
        )


def measure(strategy: Strategy, of: Table, seeds: int) -> Curve:
    """Search with every seed; each sees another training seed, as far as there are more."""
    most = min(strategy.most, len(of.feasible))
    curve, shares = Curve(), []
    for seed in range(seeds):
        began = time.process_time()
        rows = strategy.rows(of, seed, most)
        curve.seconds += (time.process_time() - began) / seeds
        shares.append([of.quality_of(rows[:n], seed) for n in range(STEP, most + 1, STEP)])
    for values in zip(*shares, strict=True):
        curve.mean.append(statistics.mean(values))
        curve.spread.append(statistics.stdev(values) if seeds > 1 else 0.0)
    return curve


def main() -> None:
    """Print and record the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--most", type=int, default=MOST, help="evaluations of ours, at most")
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--pool", action="store_true", help="NAS-Bench-MR instead")
    arguments = parser.parse_args()
    spaces: list[Table]
    if arguments.pool:
        spaces = [nas_bench_mr(arguments.data, task) for task in ACCURACIES]
    else:
        spaces = [macro(arguments.data), *(nb201(arguments.data, device) for device in DEVICES)]
    settings = [one for space in spaces for one in (space, space.halved())]
    place = f"{NAME}_pool" if arguments.pool else NAME
    curves = earlier(place, arguments.seeds)
    for name in arguments.strategies:
        began = time.perf_counter()
        strategy = STRATEGIES[name]
        if name.startswith("nasea"):
            strategy = Strategy(strategy.rows, min(strategy.most, arguments.most))
        for setting in settings:
            curves.setdefault(setting.name, {})[name] = measure(strategy, setting, arguments.seeds)
            keep(place, arguments.seeds, curves)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    for setting in settings:
        print_setting(setting, curves[setting.name])
    print_speedups([setting.name for setting in settings], curves)


def keep(place: str, seeds: int, curves: dict[str, dict[str, Curve]]) -> None:
    """Write the record."""
    rounded_curves = {
        name: {who: rounded(curve) for who, curve in by.items()} for name, by in curves.items()
    }
    results = {"seeds": seeds, "step": STEP, "speedups": speedups(curves), "curves": rounded_curves}
    record(place, 0, results)


def earlier(place: str, seeds: int) -> dict[str, dict[str, Curve]]:
    """The curves of the last record, if it is of as many seeds."""
    path = RECORDS / f"{place}.json"
    if not path.is_file():
        return {}
    results = json.loads(path.read_text())["results"]
    if (results["seeds"], results["step"]) != (seeds, STEP):
        return {}
    return {
        name: {who: Curve(**curve) for who, curve in by.items()}
        for name, by in results["curves"].items()
    }


def rounded(curve: Curve) -> dict[str, object]:
    """What goes into the record."""
    return {
        "mean": [round(value, 5) for value in curve.mean],
        "spread": [round(value, 5) for value in curve.spread],
        "seconds": round(curve.seconds, 3),
    }


def print_setting(setting: Table, curves: dict[str, Curve]) -> None:
    """Mean and spread of every strategy."""
    reference = setting.reference
    print(
        f"\n{setting.name}: {len(setting.feasible):,} architectures, accuracy from "
        f"{reference.quality:.2f} %, cost from {reference.cost_low:.5g} to "
        f"{reference.cost_high:.5g}; all seen: "
        f"{statistics.mean(setting.quality_of(setting.feasible, s) for s in range(3)):.4f}"
    )
    rows = [
        [who, *(curve.at(n) for n in SHOWN), curve.each()]
        for who, curve in curves.items()
        if who in STRATEGIES
    ]
    print(table(["strategy", *(str(n) for n in SHOWN), "ms each"], rows))


def speedups(curves: dict[str, dict[str, Curve]]) -> dict[str, dict[str, float]]:
    """500 over the evaluations that reach what the better NSGA-II has after 500; 0: never."""
    found: dict[str, dict[str, float]] = {}
    for setting, by in curves.items():
        if all(name in by for name in NSGA2):
            target = max(by[name].mean[-1] for name in NSGA2)
            found[setting] = {
                name: round(MOST / curve.needed(target), 2)
                for name, curve in by.items()
                if name not in NSGA2
            }
    return found


def print_speedups(settings: list[str], curves: dict[str, dict[str, Curve]]) -> None:
    """What a strategy saves over pymoo's NSGA-II."""
    found = speedups(curves)
    if not found:
        return
    # An interrupted run leaves a strategy with some of the settings.
    names = [name for name in found[settings[0]] if all(name in by for by in found.values())]
    print(f"\nspeed-up over pymoo's NSGA-II at {MOST} evaluations (-: not reached)")
    rows = [
        [setting, *(f"{found[setting][name]:.2f}".replace("0.00", "-") for name in names)]
        for setting in settings
    ]
    for title, reduce in (("mean", statistics.mean), ("least", min)):
        rows.append(
            [title, *(f"{reduce(by[name] for by in found.values()):.2f}" for name in names)]
        )
    print(table(["setting", *names], rows))


if __name__ == "__main__":
    main()
