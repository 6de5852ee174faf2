"""What a larger teacher brings a network that is trained from scratch.

    python benchmarks/distillation.py FILE.npz [--flops 3.1M] [--epochs 60] [--teacher-epochs 40]
        [--seeds 1] [--directory D]

Teacher and student are regular networks of one search space: a separable convolution first, then
inverted residuals (k3, expansion 3, then k5, expansion 6), in the trunks whose FLOPs come nearest
to four times the budget and to the budget. The loss is that of ``nasea retrain --distill``. Test
images select nothing; the last epoch counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "equal_time"), str(HERE / "hand_picks")]

from networks import Bench  # noqa: E402
from projects_of import FLOPS, search_project  # noqa: E402
from recipe import RATE, Recipe  # noqa: E402

from nasea.backends.torch.training.teacher import Teacher  # noqa: E402
from nasea.backends.torch.user.code import UserCode  # noqa: E402
from nasea.results.recommend import amount, parse_budget  # noqa: E402
from nasea.space import Space  # noqa: E402
from recording import record, table  # noqa: E402

NAME = "distillation"
TIMES = 4
"""The teacher costs so many times the student's FLOPs."""
SHARE = 0.5
"""Of the loss, as by default in ``nasea retrain --distill``."""
_BLOCKS = ("separable_k3", "inverted_k3_e3", *("inverted_k5_e6",) * 4)


def regular(bench: Bench, flops: float) -> Space:
    """The regular network whose cost is nearest."""
    space = bench.space
    names = [{c.name: i for i, c in enumerate(layer.candidates)} for layer in space.layers]
    genes = tuple(index[name] for index, name in zip(names, _BLOCKS, strict=True))
    spaces = [space.only(space.canonical((*genes, t))) for t in range(len(space.trunks))]
    return min(spaces, key=lambda one: abs(bench.costs(one).flops - flops))


def train_taught(recipe: Recipe, network: Any, teacher: Teacher, epochs: int) -> None:
    """Train as the recipe does, with a teacher's share of the loss."""
    user = recipe.module.UserModule(epochs, 64)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    loader = recipe.loader()
    schedule = user.scheduler_define(optimizer, len(loader))
    network.train()
    for _ in range(epochs):
        for images, labels in loader:
            images = images.contiguous(memory_format=torch.channels_last)
            outputs = network(images)
            loss = teacher.mix_loss(user.loss_func(labels, outputs), outputs, teacher(images))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


@dataclass
class Trained:
    """A network that was trained, and when that began, in CPU seconds."""

    what: str
    space: Space
    network: Any
    epochs: int
    begun: float

    def row(self, bench: Bench, recipe: Recipe) -> dict[str, Any]:
        """Measure it."""
        seconds = time.process_time() - self.begun
        return {
            "network": self.what,
            "flops": bench.costs(self.space).flops,
            "epochs": self.epochs,
            "seed": recipe.seed,
            "val": recipe.accuracy(self.network, "val"),
            "test": recipe.accuracy(self.network, "test"),
            "cpu_seconds": seconds,
        }


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, metavar="FILE.npz")
    parser.add_argument("--flops", default="3.1M")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--teacher-epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--directory", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    home = (asked.directory or Path(tempfile.mkdtemp(prefix="nasea-distillation-"))).resolve()
    flops = parse_budget(asked.flops)
    search_project(home / "project", FLOPS, 2 * TIMES * flops, asked.images.resolve(), 1, False)
    rows = []
    for seed in range(asked.seeds):
        recipe = Recipe(asked.images.resolve(), seed)
        bench = Bench(home / "project", recipe.module)
        large, small = regular(bench, TIMES * flops), regular(bench, flops)
        begun = time.process_time()
        torch.manual_seed(seed)
        large_network = bench.network(large)
        recipe.train(large_network, asked.teacher_epochs)
        done = Trained("teacher", large, large_network, asked.teacher_epochs, begun)
        rows.append(done.row(bench, recipe))
        user = UserCode(home / "project", asked.epochs, 64, recipe.module)
        example = next(iter(recipe.loader()))[0]
        teacher = Teacher(large_network.eval(), SHARE, user, example)
        for what in ("alone", "taught"):
            begun = time.process_time()
            torch.manual_seed(seed)
            network = bench.network(small)
            if what == "taught":
                train_taught(recipe, network, teacher, asked.epochs)
            else:
                recipe.train(network, asked.epochs)
            rows.append(Trained(what, small, network, asked.epochs, begun).row(bench, recipe))
    titles = ["network", "FLOPs", "epochs", "seed", "val", "test", "CPU s"]
    lines = [
        [
            one["network"], amount(one["flops"]), str(one["epochs"]), str(one["seed"]),
            f"{one['val']:.4f}", f"{one['test']:.4f}", f"{one['cpu_seconds']:.0f}",
        ]
        for one in rows
    ]  # fmt: skip
    print(table(titles, lines))
    record(NAME, 0, {"rows": rows})


if __name__ == "__main__":
    main()
