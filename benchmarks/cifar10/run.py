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
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import nasea  # noqa: E402
from nasea.cli.listener import RichListener  # noqa: E402
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


def separation(directory: Path) -> str:
    """The line of the log that says how well architectures are told apart."""
    log = (directory / "log_classification" / "log.txt").read_text()
    found = re.findall(r"separation: .*", log)
    return found[-1] if found else "separation: not in the log"


def main() -> None:
    """Search, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, metavar="FILE.npz")
    parser.add_argument("--directory", type=Path, default=Path("cifar10_run"))
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
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
    print(separation(directory))
    print(f"{seconds / 60:.1f} minutes in this start")
    found = {"front": results, "separation": separation(directory), "seconds": seconds}
    record("cifar10", front.info.seed, found)


if __name__ == "__main__":
    main()
