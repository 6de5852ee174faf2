"""What the weights of a search are worth, by the length of the training that begins with them.

    python benchmarks/warm_start.py FILE.npz PROJECT --arch N
        [--results results] [--epochs 15,30,60]

PROJECT is a directory of benchmarks/hand_picks in which the search ended; network N of it, or of a
folder of candidates, is trained from its weights (*inherited*), from the same weights with each
convolution scaled to the norm of its initial values (*rescaled*: normalisation cancels the factor,
but a step of the optimiser turns shorter weights further), and from initial values. Validation and
test images select nothing; the last epoch counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "equal_time")]

from recipe import Recipe  # noqa: E402

import nasea  # noqa: E402
from recording import record, table  # noqa: E402

NAME = "warm_start"
STARTS = ("inherited", "rescaled", "initial values")


def started(network: nn.Module, start: str) -> nn.Module:
    """The network with the weights that a training begins with."""
    if start == "initial values":
        for module in network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    elif start == "rescaled":
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:  # normalised
                fresh = torch.empty_like(module.weight)
                nn.init.kaiming_uniform_(fresh, a=5**0.5)
                with torch.no_grad():
                    module.weight.mul_(fresh.norm() / module.weight.norm())
    return network


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, metavar="FILE.npz")
    parser.add_argument("project", type=Path)
    parser.add_argument("--results", default="results", help="inside of PROJECT")
    parser.add_argument("--arch", type=int, required=True)
    parser.add_argument("--epochs", default="15,30,60")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(asked.images.resolve(), 0)
    os.chdir(asked.project)
    rows: list[dict[str, Any]] = []
    for epochs in map(int, asked.epochs.split(",")):
        for start in STARTS:
            network: Any = nasea.load(asked.results, asked.arch)
            torch.manual_seed(0)
            network = started(network, start)
            begun = time.process_time()
            torch.manual_seed(0)
            recipe.train(network, epochs)
            row = {"epochs": epochs, "start": start, "cpu_seconds": time.process_time() - begun}
            rows.append(row | {part: recipe.accuracy(network, part) for part in ("val", "test")})
            print(rows[-1], flush=True)
    titles = ["epochs", "start", "val", "test", "cpu_seconds"]
    print(table(titles, [[f"{row[title]}" for title in titles] for row in rows]))
    record(NAME, 0, {"arch": asked.arch, "rows": rows})


if __name__ == "__main__":
    main()
