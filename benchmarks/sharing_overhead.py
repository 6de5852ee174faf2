"""What weight sharing costs: a step on a sampled path against the same network stand-alone.

    python benchmarks/sharing_overhead.py

Forward and backward on one batch, interleaved in pairs within one run; the optimiser apart, since
it is the same for both. Aim: at most 1.05.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nasea.backends.torch.supernet import Supernet
from nasea.space import build_space, select_blocks
from recording import record, table

SEED = 0
PATHS = 8
PAIRS = 9
BATCH = 64
SETTINGS = {
    "small, 32x32": ((3, 32, 32), [16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1]),
    "default filters, 32x32": (
        (3, 32, 32),
        [64, 64, 128, 128, 256, 256, 512, 512],
        [1, 1, 2, 1, 2, 1, 2, 1],
    ),
}


def seconds(step: Callable[[], None]) -> float:
    """Wall time of one step."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measure(shape: tuple[int, int, int], filters: list[int], strides: list[int]) -> list[float]:
    """Median shared / stand-alone time of each random path."""
    torch.manual_seed(SEED)
    pre_net = nn.Sequential(
        nn.Conv2d(shape[0], filters[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(filters[0]),
        nn.ReLU(),
    )
    post_net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(filters[-1], 10))
    space = build_space((filters[0], *shape[1:]), filters, strides, select_blocks(None, "size", {}))
    supernet = Supernet(space, pre_net, post_net, torch.channels_last)
    images = torch.randn(BATCH, *shape).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (BATCH,))
    rng = np.random.default_rng(SEED)
    ratios = []
    for _ in range(PATHS):
        path = tuple(int(rng.integers(count)) for count in space.choices)
        network = supernet.network(path, pre_net, post_net).train()

        def shared(path: tuple[int, ...] = path) -> None:
            supernet.zero_grad(set_to_none=True)
            weights = supernet.bind(path)
            F.cross_entropy(supernet.run(images, path, weights), labels).backward()
            supernet.collect(path, weights)

        def alone(network: nn.Module = network) -> None:
            network.zero_grad(set_to_none=True)
            F.cross_entropy(network(images), labels).backward()

        shared(), alone()
        pairs = [(seconds(shared), seconds(alone)) for _ in range(PAIRS)]
        ratios.append(statistics.median(a / b for a, b in pairs))
    return ratios


def main() -> None:
    """Print and record the table."""
    rows, results = [], {}
    for name, setting in SETTINGS.items():
        ratios = measure(*setting)
        results[name] = ratios
        rows.append(
            [name, f"{statistics.median(ratios):.3f}", f"{min(ratios):.3f}", f"{max(ratios):.3f}"]
        )
    print(f"shared / stand-alone step, {PATHS} random paths, {PAIRS} interleaved pairs each")
    print(table(["network", "median", "lowest", "highest"], rows))
    record("sharing_overhead", SEED, results)


if __name__ == "__main__":
    main()
