"""What weight sharing costs: a step on a sampled path against the same network stand-alone.

    python benchmarks/sharing_overhead.py

The step is forward and backward on one batch with batch statistics; the stand-alone network keeps
no running ones, as the supernet does not. Aim: at most 1.05. The optimiser (Adam) is timed apart:
it steps the whole of every slot that the path uses a part of, so that it costs more than
stand-alone; with ``average_gradients`` it is the second figure, and step and optimiser together are
the third. Shared and stand-alone are timed in turn, in pairs within one run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.network.supernet import Supernet, average_gradients
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


def drop_running_statistics(network: Network) -> None:
    """Make the body normalise as the supernet does: by the batch, keeping nothing."""
    for module in network.body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.track_running_stats = False
            module.running_mean = module.running_var = None


def seconds(step: Callable[[], None]) -> float:
    """Wall time of one step."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measure(
    shape: tuple[int, int, int], filters: list[int], strides: list[int]
) -> dict[str, list[float]]:
    """Median shared / stand-alone time of each random path: step, optimiser, and both."""
    torch.manual_seed(SEED)
    pre_net = nn.Sequential(
        nn.Conv2d(shape[0], filters[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(filters[0]),
        nn.ReLU(),
    )
    post_net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(filters[-1], 10))
    space = build_space((filters[0], *shape[1:]), filters, strides, select_blocks(None, "size", {}))
    supernet = Supernet(space, pre_net, post_net, torch.channels_last)
    shared_adam = torch.optim.Adam(supernet.parameters(), lr=1e-4)
    images = torch.randn(BATCH, *shape).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (BATCH,))
    rng = np.random.default_rng(SEED)
    ratios: dict[str, list[float]] = {"step": [], "optimiser": [], "both": []}
    for _ in range(PATHS):
        path = tuple(int(rng.integers(count)) for count in space.choices)
        network = supernet.network(path, pre_net, post_net).train()
        drop_running_statistics(network)
        alone_adam = torch.optim.Adam(network.parameters(), lr=1e-4)

        def shared(path: tuple[int, ...] = path) -> None:
            supernet.zero_grad(set_to_none=True)
            weights = supernet.bind(path)
            F.cross_entropy(supernet.run(images, path, weights), labels).backward()
            supernet.collect(path, weights)

        def shared_update(path: tuple[int, ...] = path) -> None:
            average_gradients(supernet, [path])
            shared_adam.step()

        def alone(network: nn.Module = network) -> None:
            network.zero_grad(set_to_none=True)
            F.cross_entropy(network(images), labels).backward()

        # The ends are in both, so that each gradient is stepped right after it was made.
        turn = (shared, shared_update, alone, alone_adam.step)
        for part in turn:
            part()  # makes the state of the optimisers
        times = [[seconds(part) for part in turn] for _ in range(PAIRS)]
        ratios["step"].append(statistics.median(a / b for a, _, b, _ in times))
        ratios["optimiser"].append(statistics.median(a / b for _, a, _, b in times))
        ratios["both"].append(statistics.median((a + c) / (b + d) for a, c, b, d in times))
    return ratios


def cells(ratios: Sequence[float]) -> list[str]:
    """Median, lowest and highest."""
    return [f"{of(ratios):.3f}" for of in (statistics.median, min, max)]


def main() -> None:
    """Print and record the table."""
    rows, results = [], {}
    for name, setting in SETTINGS.items():
        ratios = measure(*setting)
        results[name] = ratios
        both = [f"{statistics.median(ratios[part]):.3f}" for part in ("optimiser", "both")]
        rows.append([name, *cells(ratios["step"]), *both])
    print(f"shared / stand-alone time, {PATHS} random paths, {PAIRS} interleaved pairs each")
    head = ["network", "step: median", "lowest", "highest", "optimiser: median", "both: median"]
    print(table(head, rows))
    record("sharing_overhead", SEED, results)


if __name__ == "__main__":
    main()
