"""The full default filters at 224 x 224: fifty training steps, to show that they run.

    python benchmarks/default_filters.py [--steps 50] [--batch 8]

Random images and labels, the default filters and strides, the classic 11 M parameter budget.
Prints images a second and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F

from nasea.backends.torch.supernet import Supernet, average_gradients
from nasea.space import build_space, fair_path, select_blocks
from recording import record

SEED = 0
FILTERS = [64, 64, 128, 128, 256, 256, 512, 512]
STRIDES = [1, 1, 2, 1, 2, 1, 2, 1]


def main() -> None:
    """Print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=8)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    pre_net = nn.Sequential(
        nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    )
    post_net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))
    space = build_space((64, 56, 56), FILTERS, STRIDES, select_blocks(None, "size", {}))
    supernet = Supernet(space, pre_net, post_net, torch.channels_last)
    optimizer = torch.optim.Adam(supernet.parameters(), lr=1e-4)
    images = torch.randn(arguments.batch, 3, 224, 224)
    labels = torch.randint(1000, (arguments.batch,))
    losses = []
    start = time.perf_counter()
    for step in range(arguments.steps):
        path = fair_path(space.choices, SEED, step)
        optimizer.zero_grad(set_to_none=True)
        weights = supernet.bind(path)
        loss = F.cross_entropy(supernet.run(images, path, weights), labels)  # type: ignore[arg-type]
        loss.backward()
        supernet.collect(path, weights)
        average_gradients(supernet, [path])
        optimizer.step()
        losses.append(float(loss))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    stored = sum(parameter.numel() for parameter in supernet.parameters())
    print(
        f"{arguments.steps} steps of {arguments.batch} images: "
        f"{arguments.steps * arguments.batch / seconds:.1f} images/s, loss {losses[0]:.3f} -> "
        f"{losses[-1]:.3f}, supernet {stored / 1e6:.1f} M parameters, peak memory {peak:.1f} GiB"
    )
    record(
        "default_filters",
        SEED,
        {"steps": arguments.steps, "seconds": seconds, "losses": losses, "peak_gib": peak},
    )


if __name__ == "__main__":
    main()
