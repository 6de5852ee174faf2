"""A search on real colour images: CIFAR-10, or a part of it.

    python benchmarks/cifar10/run.py FILE.npz [--directory cifar10_run]

FILE.npz holds ``train_images`` (N, 32, 32, 3) uint8, ``train_labels`` and the same for ``test``.
Under 30 minutes on 2 cores for 10,000 images. Prints how well the supernet separates
architectures, the front, the accuracy of each member on the test images that nothing was selected
on, and the time it took. Run again, it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import nasea  # noqa: E402
from nasea.cli.terminal.listener import RichListener  # noqa: E402
from nasea.pipeline.search.separation import Separation  # noqa: E402
from nasea.pipeline.session.checkpoint import CheckpointStore  # noqa: E402
from recording import record, table  # noqa: E402 - found only now


def write_project(directory: Path, images: Path) -> None:
    """The scenario, with the path filled in, and the user module."""
    directory.mkdir(exist_ok=True)
    scenario = (HERE / "scen.yaml").read_text().replace("FILE.npz", str(images.resolve()))
    (directory / "scen.yaml").write_text(scenario)
    shutil.copy(HERE / "user_module.py", directory)


def test_accuracy(directory: Path, model_file: str, images: Path) -> float:
    """Accuracy of a result file on the test images, by the user's own metric."""
    sys.path[:0] = [str(directory), str(directory / "results")]
    user: Any = importlib.import_module("user_module")
    model: Any = importlib.import_module(model_file.removesuffix(".py")).load_model()
    module = user.UserModule(1, 64)
    dataset = module.dataset_define(f"{images.resolve()}/test", False)
    loader = torch.utils.data.DataLoader(dataset, batch_size=64)
    with torch.no_grad():
        return float(module.metrics_func(loader, model))


def separation(directory: Path) -> Separation:
    """How well the supernet tells architectures apart, as the run measured it."""
    stored = CheckpointStore(directory / "checkpoint", "search").load([])
    assert stored is not None
    return Separation(**stored.meta["separation"])


def main() -> None:
    """Search, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, metavar="FILE.npz")
    parser.add_argument("--directory", type=Path, default=Path("cifar10_run"))
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    fresh = not (directory / "checkpoint").exists()
    write_project(directory, arguments.images)
    start = time.perf_counter()
    with RichListener() as listener:
        front = nasea.search(directory / "scen.yaml", directory=directory, listener=listener)
    seconds = time.perf_counter() - start
    rows, results = [], []
    for member in front:
        name = front.files_of(member)[0]
        accuracy = test_accuracy(directory, name, arguments.images)
        rows.append(
            [
                str(member.number),
                f"{member.flops / 1e6:.2f}",
                f"{member.parameters / 1e3:.1f}",
                f"{member.accuracy:.4f}",
                f"{accuracy:.4f}",
            ]
        )
        results.append(
            {
                "blocks": member.blocks,
                "flops": member.flops,
                "parameters": member.parameters,
                "validation_accuracy": member.accuracy,
                "test_accuracy": accuracy,
            }
        )
    print(table(["N", "M FLOPs", "k parameters", "validation", "test"], rows))
    found = separation(directory)
    print(found.describe())
    print(f"{seconds / 60:.1f} minutes in this start")
    if fresh:  # the time of a start that went on, or only reported, would mislead
        content = {"front": results, "separation": found.to_dict(), "seconds": seconds}
        record("cifar10", front.info.seed, content)


if __name__ == "__main__":
    main()
