"""One contender's whole job, in a process of its own; writes what it found as JSON.

    python benchmarks/equal_time/contender.py NAME PROJECT FILE.npz SECONDS FLOPS SEED OUT.json

NAME is a known family, ``optuna`` or ``fastnas``; run.py starts them all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from recipe import Clock, Recipe  # noqa: E402

if TYPE_CHECKING:
    from networks import Bench

OPTUNA_SHARE = 0.6
"""Of the time, for candidates; the rest trains the best one."""
OPTUNA_EPOCHS = 3
"""Of a candidate's training."""
TOLERANCE = 1.03
"""A network may cost so many times the budget, as in ``nasea compare``."""

Outcome = tuple[Any, float, str]
"""A trained network, its FLOPs, and how it came about."""


def by_hand(name: str, bench: Bench, recipe: Recipe, flops: float, clock: Clock) -> Outcome:
    """A known family, scaled to the budget and trained for all of the time."""
    pick, space = bench.by_hand(name, flops)
    network, epochs = recipe.trained(partial(bench.network, space), clock.left)
    return network, bench.costs(space).flops, f"{pick.name}, {epochs} epochs"


def by_optuna(bench: Bench, recipe: Recipe, flops: float, clock: Clock) -> Outcome:
    """TPE over trunks and blocks, each candidate trained briefly, the best one to the end."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space, model = bench.space, bench.model
    sampler = optuna.samplers.TPESampler(seed=recipe.seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    tried = 0
    while clock.left > (1 - OPTUNA_SHARE) * clock.seconds:
        trial = study.ask()
        genome = space.canonical(
            tuple(
                trial.suggest_categorical(f"gene_{index}", list(range(count)))
                for index, count in enumerate(space.choices)
            )
        )
        cost = model.costs(genome).flops
        if not 0.5 * flops <= cost <= TOLERANCE * flops:
            study.tell(trial, -abs(cost / flops - 1))
            continue
        network = bench.network(space.only(genome))
        recipe.train(network, OPTUNA_EPOCHS)
        trial.set_user_attr("genome", genome)
        study.tell(trial, recipe.accuracy(network, "val"))
        tried += 1
    best = tuple(study.best_trial.user_attrs["genome"])
    make = partial(bench.network, space.only(best))
    network, epochs = recipe.trained(make, clock.left)
    return network, model.costs(best).flops, f"best of {tried}, {epochs} epochs"


def main() -> None:
    """Do the job and write the outcome."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("project", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("flops", type=float)
    parser.add_argument("seed", type=int)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    clock = Clock(asked.seconds)
    recipe = Recipe(asked.images, asked.seed)
    if asked.name == "fastnas":  # in an environment without nasea
        from fastnas import by_fastnas

        network, flops, how = by_fastnas(recipe, asked.flops, clock)
    else:
        from networks import Bench

        bench = Bench(asked.project, recipe.module)
        if asked.name == "optuna":
            network, flops, how = by_optuna(bench, recipe, asked.flops, clock)
        else:
            network, flops, how = by_hand(asked.name, bench, recipe, asked.flops, clock)
    seconds = time.process_time()
    found = {
        "how": how,
        "flops": flops,
        "cpu_seconds": seconds,
        "val": recipe.accuracy(network, "val"),
        "test": recipe.accuracy(network, "test"),
    }
    asked.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
