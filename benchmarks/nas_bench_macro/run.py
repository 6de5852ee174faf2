"""NAS-Bench-Macro in nasea's vocabulary: do its costs agree, and does our supernet rank it?

    python benchmarks/nas_bench_macro/run.py TABLE.npz IMAGES.npz [--costs-only]

TABLE.npz holds the published table: ``code`` (6561, 8), ``params``, ``flops`` (multiply-adds),
``cifar10_test_acc`` (6561, 3). IMAGES.npz is a part of CIFAR-10 as benchmarks/cifar10 wants it.
First the costs of all 6,561 networks are compared with the published ones; then a supernet is
trained on the images, 200 random networks are scored with its weights, and Kendall's tau with the
published accuracies (mean of three trainings on all of CIFAR-10) is printed, beside that of cost
alone. About an hour on 2 cores; run again, it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
sys.path.insert(0, str(BENCHMARKS))

import nasea  # noqa: E402
from nasea.backends.records import EvaluationSubset  # noqa: E402
from nasea.cli.terminal.listener import RichListener  # noqa: E402
from nasea.pipeline.probe import Prepared  # noqa: E402
from nasea.space import Genome  # noqa: E402
from nasea.strategy.ranking import kendall_tau, spearman_rho, tau_interval  # noqa: E402
from projects import open_project, open_trained  # noqa: E402 - found only now
from recording import record, table  # noqa: E402


def write_project(directory: Path, images: Path) -> None:
    """Scenario, blocks and user module."""
    directory.mkdir(parents=True, exist_ok=True)
    scenario = (HERE / "scen.yaml").read_text().replace("FILE.npz", str(images))
    (directory / "scen.yaml").write_text(scenario)
    for name in ("blocks.py", "user_module.py"):
        shutil.copy(HERE / name, directory)
    shutil.copy(BENCHMARKS / "cifar10" / "user_module.py", directory / "cifar10.py")


def compare_costs(prepared: Prepared, published: dict[str, np.ndarray]) -> None:
    """Parameters and multiply-adds of every network, ours and the published ones."""
    genomes = published["code"].astype(np.int64)
    for kind, name, factor in (("size", "params", 1), ("flops", "flops", 2)):
        ours = prepared.costs.many(kind, genomes)
        differing = int((ours != factor * published[name]).sum())
        print(f"{name}: {differing} of {len(genomes)} networks differ")


def write_truth(
    directory: Path, prepared: Prepared, genomes: list[Genome], accuracies: list[float]
) -> None:
    """What benchmarks/fidelity/ablation.py compares other supernets with."""
    rows = [
        {"blocks": prepared.space.blocks(genome), "alone": [accuracy]}
        for genome, accuracy in zip(genomes, accuracies, strict=True)
    ]
    (directory / "published.json").write_text(json.dumps({"rows": rows}))


def main() -> None:
    """Compare, train, score, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, metavar="TABLE.npz")
    parser.add_argument("images", type=Path, metavar="IMAGES.npz")
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--directory", type=Path, default=Path("nas_bench_macro_run"))
    parser.add_argument("--costs-only", action="store_true")
    asked = parser.parse_args()
    directory = asked.directory.resolve()
    write_project(directory, asked.images.resolve())
    with np.load(asked.table) as arrays:
        published = {name: arrays[name] for name in ("code", "params", "flops", "cifar10_test_acc")}
    prepared = open_project(directory)
    compare_costs(prepared, published)
    prepared.backend.close()
    if asked.costs_only:
        return
    start = time.perf_counter()
    with RichListener() as listener:
        nasea.search(directory / "scen.yaml", directory=directory, listener=listener)
    prepared = open_trained(directory)
    chosen = np.random.default_rng(0).permutation(len(published["code"]))[: asked.networks]
    rows = sorted((tuple(map(int, published["code"][row])), row) for row in chosen)
    data = EvaluationSubset(images=prepared.eval_images)
    scores = [prepared.backend.measure(genome, data).metric or 0.0 for genome, _ in rows]
    accuracies = published["cifar10_test_acc"].mean(1)[[row for _, row in rows]].tolist()
    costs = published["flops"][[row for _, row in rows]].tolist()
    write_truth(directory, prepared, [genome for genome, _ in rows], accuracies)
    minutes = (time.perf_counter() - start) / 60
    low, high = tau_interval(scores, accuracies)
    results = {
        "networks": len(rows),
        "tau": kendall_tau(scores, accuracies),
        "tau_interval": [low, high],
        "spearman": spearman_rho(scores, accuracies),
        "tau_of_cost": kendall_tau(costs, accuracies),
        "minutes": minutes,
    }
    lines = [
        ["Kendall tau", f"{results['tau']:.3f}"],
        ["its 95 % interval", f"{low:.3f} to {high:.3f}"],
        ["Spearman rho", f"{results['spearman']:.3f}"],
        ["Kendall tau of cost alone", f"{results['tau_of_cost']:.3f}"],
    ]
    print(table([f"{len(rows)} networks, supernet against published", ""], lines))
    print(f"{minutes:.1f} minutes in this start")
    record("nas_bench_macro", 0, results)


if __name__ == "__main__":
    main()
