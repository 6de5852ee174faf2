"""Should residual branches of a network that is trained stand-alone start at zero?

    python benchmarks/zero_starts.py PROJECT [--cost 3.2M] [--architectures 6] [--epochs 15]
        [--seeds 2]

Random architectures of PROJECT, of equal cost, each trained from scratch twice for a seed: with the
normalisation at the end of every residual branch starting at scale 0, as in the supernet, and at 1.
Printed: the metric of both after the last epoch, and the mean of the differences.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from pathlib import Path

from nasea.backends import open_backend
from nasea.backends.records import EvaluationSubset
from nasea.config import load_scenario
from nasea.pipeline.diagnosis.slices import of_equal_cost
from nasea.results.recommend import parse_budget
from nasea.space import Genome, Space
from projects import open_project
from recording import record, table


def as_in_supernet(space: Space, genome: Genome) -> Space:
    """One architecture with its candidates as they are in the supernet."""
    layers = (
        replace(layer, candidates=(layer.candidates[gene],)) for layer, gene in space.path(genome)
    )
    return Space(tuple(layers), space.policy)


def trained(home: Path, space: Space, epochs: int, seed: int) -> float:
    """The metric of the only network of a space, after training it."""
    scenario = load_scenario(home / "scen.yaml").scenario.model_copy(update={"epochs": epochs})
    backend = open_backend(scenario, home).probe(0).attach(space, seed).begin_training(1, seed)
    try:
        path = (0,) * len(space.layers)
        for epoch in range(epochs):
            backend.train_epoch(epoch, lambda step: path, lambda report: None)
        metric = backend.measure(path, EvaluationSubset()).metric
    finally:
        backend.close()
    assert metric is not None
    return metric


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--cost", type=parse_budget, help="in the constraint's unit")
    parser.add_argument("--architectures", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    home = asked.project.resolve()
    prepared = open_project(home)
    cost = asked.cost or prepared.scenario.constraint.value
    genomes = of_equal_cost(prepared, cost, asked.architectures)
    space = prepared.space
    prepared.backend.close()
    found = []
    for genome in genomes:
        for seed in range(asked.seeds):
            zero = trained(home, as_in_supernet(space, genome), asked.epochs, seed)
            one = trained(home, space.only(genome), asked.epochs, seed)
            found.append({"genome": list(genome), "seed": seed, "zero": zero, "one": one})
            print(f"{genome}, seed {seed}: from 0 {zero:.4f}, from 1 {one:.4f}", flush=True)
    differences = [row["one"] - row["zero"] for row in found]
    rows = [
        ["from 0", f"{statistics.fmean(row['zero'] for row in found):.4f}"],
        ["from 1", f"{statistics.fmean(row['one'] for row in found):.4f}"],
        ["difference", f"{statistics.fmean(differences):+.4f}"],
    ]
    print(table(["scale of the last normalisation of a branch", "mean metric"], rows))
    record("zero_starts", 0, {"cost": cost, "epochs": asked.epochs, "trainings": found})


if __name__ == "__main__":
    main()
