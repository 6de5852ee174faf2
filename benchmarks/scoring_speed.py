"""Scoring speed: candidates a minute against the bare forward passes they need.

    python benchmarks/scoring_speed.py PROJECT

PROJECT is a directory in which `nasea search` has trained a supernet (``make demo`` makes
``demo_digits``). The bare time is that of the same forward passes on a ready network and images in
memory: the statistics images once, the validation images once. Aim: at most 1.2 times that.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from nasea.backends.base import Slice
from nasea.backends.torch.backend import TorchBackend
from projects import open_trained
from recording import record, table

CANDIDATES = 20


def bare_seconds(backend: TorchBackend, genome: tuple[int, ...]) -> float:
    """Seconds of the forward passes alone."""
    supernet, data = backend.supernet, backend.data
    network = supernet.network(genome, supernet.pre_net, supernet.post_net)
    layout = supernet.memory_format
    validation = [images for images, _ in data.evaluation(None, None)]
    statistics_images = [x.contiguous(memory_format=layout) for x in data.statistics(0)]
    validation = [x.contiguous(memory_format=layout) for x in validation]
    with torch.no_grad():
        start = time.perf_counter()
        network.train()
        for images in statistics_images:
            network(images)
        network.eval()
        for images in validation:
            network(images)
        return time.perf_counter() - start


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    arguments = parser.parse_args()
    prepared = open_trained(arguments.project)
    backend = prepared.backend
    assert isinstance(backend, TorchBackend)
    genomes = prepared.sample(CANDIDATES)
    backend.measure(genomes[0], Slice())  # fills the caches
    kept = {k: v.clone() for k, v in backend.supernet.state_dict().items()}
    scored, bare = [], []
    for genome in genomes:
        start = time.perf_counter()
        backend.measure(genome, Slice())
        scored.append(time.perf_counter() - start)
        bare.append(bare_seconds(backend, genome))
        backend.supernet.load_state_dict(kept)
    ratio = statistics.median(a / b for a, b in zip(scored, bare, strict=True))
    rows = [
        ["scored by nasea", f"{60 / statistics.mean(scored):.0f}", f"{ratio:.3f}"],
        ["bare forward passes", f"{60 / statistics.mean(bare):.0f}", "1"],
    ]
    print(f"{CANDIDATES} random architectures, {prepared.data.val_images} validation images")
    print(table(["", "candidates / minute", "time ratio (median)"], rows))
    record(
        "scoring_speed", prepared.scenario.seed, {"ratio": ratio, "scored": scored, "bare": bare}
    )


if __name__ == "__main__":
    main()
