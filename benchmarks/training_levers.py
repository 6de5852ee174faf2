"""What makes a supernet trainable in a small budget: one lever changed at a time.

    python benchmarks/training_levers.py [--epochs 60] [--seed 0]

Handwritten digits, the project of `nasea init`, equal numbers of training images for every row.
Printed: the validation accuracy of the same random architectures (lowest, median, highest), and
the separation ratio (variance between architectures over variance between statistics draws and
validation halves). docs/decisions refers to this table.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from nasea.backends import open_backend
from nasea.backends.records import EvaluationSubset
from nasea.cli.main import main as nasea
from nasea.config import Scenario, load_scenario
from nasea.pipeline.search.separation import measure_separation
from nasea.space import Block, Program, build_space, fair_path, select_blocks
from nasea.space.ops import starting_at_one
from recording import record, table

ARCHITECTURES = 20


def starting_at_one_in(block: Block) -> Block:
    """The same block with every normalisation scale starting at 1."""

    def build(c_in: int, c_out: int, stride: int) -> Program | None:
        program = block.build(c_in, c_out, stride)
        return None if program is None else starting_at_one(program)

    return replace(block, build=build)


def train(
    directory: Path,
    scenario: Scenario,
    paths: int,
    sharing: str = "entangled",
    change: Callable[[Block], Block] | None = None,
) -> tuple[list[float], float]:
    """Accuracies of the random architectures after training, and the separation ratio."""
    blocks = select_blocks(None, scenario.constraint.type, {})
    if change is not None:
        blocks = tuple(change(block) for block in blocks)
    probed = open_backend(scenario, directory).probe(0)
    settings, shape = scenario.supernet, probed.pre_net.out_shape
    space = build_space(shape, settings.filters, settings.strides, blocks, sharing)
    backend = probed.attach(space, scenario.seed).begin_training(paths, scenario.seed)
    for epoch in range(scenario.epochs):
        backend.train_epoch(
            epoch, lambda i: fair_path(space.choices, scenario.seed, i), lambda report: None
        )
    rng = np.random.default_rng(1)
    genomes = [
        space.canonical(tuple(int(rng.integers(n)) for n in space.choices))
        for _ in range(ARCHITECTURES)
    ]
    found = [backend.measure(genome, EvaluationSubset()).metric or 0.0 for genome in genomes]
    separation = measure_separation(genomes, backend.measure_each, None, lambda done: None)
    backend.close()
    return sorted(found), separation.ratio if separation else 0.0


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "digits"
        try:
            nasea(["init", str(directory)])
        except SystemExit as done:
            if done.code:
                raise
        scenario = load_scenario(directory / "scen.yaml").scenario
        scenario = scenario.model_copy(update={"epochs": arguments.epochs, "seed": arguments.seed})
        rows, results = [], {}
        variants: dict[str, Callable[[], tuple[list[float], float]]] = {
            "as shipped: 2 paths an update": lambda: train(directory, scenario, 2),
            "branches start at 1, not 0": lambda: train(
                directory, scenario, 2, change=starting_at_one_in
            ),
            "independent weights": lambda: train(directory, scenario, 2, "independent"),
            "1 path an update": lambda: train(directory, scenario, 1),
            "4 paths an update": lambda: train(directory, scenario, 4),
            "8 paths an update": lambda: train(directory, scenario, 8),
        }
        for label, variant in variants.items():
            accuracies, ratio = variant()
            middle = statistics.median(accuracies)
            values = [f"{x:.3f}" for x in (accuracies[0], middle, accuracies[-1])]
            rows.append([label, *values, f"{ratio:.2f}"])
            results[label] = {"accuracies": accuracies, "separation": ratio}
            print(rows[-1], flush=True)
    print(table(["supernet", "lowest", "median", "highest", "separation"], rows))
    record("training_levers", arguments.seed, results)


if __name__ == "__main__":
    main()
