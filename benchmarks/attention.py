"""What squeeze-and-excitation brings a network that is trained from scratch, at equal cost.

    python benchmarks/attention.py FILE.npz [--epochs 15] [--images 4000] [--seeds 2]
        [--networks "plain, 8 channels;attention, 8 channels"] [--directory D]

Regular networks of the search space of benchmarks/hand_picks: a separable convolution, an inverted
residual of kernel 3 and expansion 3, then inverted residuals of kernel 5, with and without
attention. Beside them the scaled MobileNetV3 and EfficientNet. Validation and test images select
nothing; the last epoch counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "equal_time"), str(HERE / "hand_picks")]

from networks import Bench  # noqa: E402
from projects_of import FLOPS, search_project  # noqa: E402
from recipe import Recipe, thinned  # noqa: E402

from nasea.results.recommend import amount  # noqa: E402
from nasea.space import Space  # noqa: E402
from recording import record, recorded, table  # noqa: E402

NAME = "attention"
RIVALS = {
    "MobileNetV3-like": ("mobilenetv3", 1.35e6),
    "EfficientNet-like": ("efficientnet", 3.15e6),
}
"""Family and FLOPs."""
_FIRST = ("separable_k3", "inverted_k3_e3")
NETWORKS = {
    "plain, 4 channels": (4, ("inverted_k5_e6",) * 4),
    "attention, 4 channels": (4, ("inverted_k5_e6_se",) * 4),
    "plain, 6 channels, expansion 3": (6, (*("inverted_k5_e3",) * 3, "inverted_k5_e6")),
    "plain, 8 channels": (8, ("inverted_k5_e6",) * 4),
    "attention, 8 channels": (8, ("inverted_k5_e6_se",) * 4),
}
"""Channels of the trunk at the first resolution, and the blocks behind the first two layers."""


def regular(space: Space, channels: int, blocks: tuple[str, ...]) -> Space:
    """The space that is this network only."""
    trunk = next(trunk for trunk in space.trunks if trunk[0] == channels)
    return space.only(space.encode((*_FIRST, *blocks), trunk))


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE.npz")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--images", type=int, dest="count", help="to train on; default: all")
    every = (*NETWORKS, *RIVALS)
    parser.add_argument("--networks", default=";".join(every), help="separated by semicolons")
    parser.add_argument("--directory", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    home = (asked.directory or Path(tempfile.mkdtemp(prefix="nasea-attention-"))).resolve()
    images = asked.file.resolve()
    if asked.count:
        home.mkdir(parents=True, exist_ok=True)
        images = thinned(images, asked.count, home / "images.npz")
    search_project(home, FLOPS, 12.8e6, images, asked.epochs, False)
    bench = Bench(home, Recipe(images, 0).module)
    spaces = {
        name: regular(bench.space, *NETWORKS[name])
        if name in NETWORKS
        else bench.by_hand(*RIVALS[name])[1]
        for name in asked.networks.split(";")
    }
    rows: list[dict[str, Any]] = []
    for name, space in spaces.items():
        costs = bench.costs(space)
        row: dict[str, Any] = {
            "network": name,
            "flops": costs.flops,
            "parameters": costs.parameters,
            "val": [],
            "test": [],
        }
        begun = time.process_time()
        for seed in range(asked.seeds):
            recipe = Recipe(images, seed)
            torch.manual_seed(seed)
            network = bench.network(space)
            recipe.train(network, asked.epochs)
            for part in ("val", "test"):
                row[part].append(recipe.accuracy(network, part))
        row["cpu_seconds"] = (time.process_time() - begun) / asked.seeds
        rows.append(row)
    lines = [
        [
            one["network"], amount(one["flops"]), amount(one["parameters"]),
            ", ".join(f"{statistics.fmean(pair):.3f}" for pair in zip(one["val"], one["test"],
                                                                      strict=True)),
            f"{one['cpu_seconds']:.0f}",
        ]
        for one in rows
    ]  # fmt: skip
    print(table(["network", "FLOPs", "parameters", "val and test, each seed", "CPU s"], lines))
    trained_on = f"{asked.count:,}" if asked.count else "all"
    condition = f"{trained_on} images, {asked.epochs} epochs, {asked.seeds} seeds"
    record(NAME, 0, recorded(NAME) | {condition: rows})


if __name__ == "__main__":
    main()
