"""The project of a budget's kind, with test images that nothing is selected on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from nasea.cli.init import project_files
from nasea.terms import CostKind
from searches import edit

CIFAR10 = Path(__file__).resolve().parents[1] / "cifar10"

SUPERNET_KEYS = "activation: silu\ndivisor: 2"
"""Lines to add to ``supernet``, besides what `nasea init` ships, each ``key: value``."""

WIDTHS = "[0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5]"
"""Multiples of the filters: trunks of 4 to 24 channels, for budgets that differ by ten."""

_STRIDES = "      strides: [1, 1, 2, 1, 2, 1]          # 2 halves height and width\n"
_QUICK = (
    ("epochs: 100", "epochs: 1"),
    ("generation_num: 10", "generation_num: 1"),
    ("pop_size: 20", "pop_size: 6\n      eval_images: 100\n      bn_images: 100"),
)


@dataclass(frozen=True)
class Kind:
    """What a budget limits.

    Attributes:
        constraint: ``flops`` or ``size``.
        symbol: what the figures count.
    """

    constraint: CostKind
    symbol: str


FLOPS = Kind("flops", "FLOPs")
SIZE = Kind("size", "parameters")


def search_project(
    home: Path, kind: Kind, most_expensive: float, images: Path, epochs: int, quick: bool
) -> Path:
    """Write the project to search in, unless it is there; its settings are those of `nasea init`.

    Args:
        home: its directory.
        kind: what the budget limits.
        most_expensive: the largest budget that its search shall serve.
        images: the .npz file.
        epochs: of stand-alone training; the supernet is trained as long as `nasea init` says.
        quick: train and search next to nothing.
    """
    home.mkdir(parents=True, exist_ok=True)
    shipped = project_files("pytorch", "classification")["scen.yaml"]
    (home / "scen.yaml").write_bytes(shipped)
    added = "".join(f"      {line}\n" for line in SUPERNET_KEYS.splitlines())
    edit(
        home / "scen.yaml",
        ("constraint_type: size ", f"constraint_type: {kind.constraint} "),
        ("constraint_value: 100000", f"constraint_value: {most_expensive:.0f}"),
        ("input_shape: [1, 8, 8] ", "input_shape: [3, 32, 32] "),
        ("train_dir: digits/train", f"train_dir: {images}/train"),
        ("val_dir: digits/val", f"val_dir: {images}/val\n      test_dir: {images}/test"),
        (_STRIDES, _STRIDES + added),
        ("widths: [0.5, 1, 1.5]", f"widths: {WIDTHS}"),
        *(_QUICK if quick else ()),
    )
    shutil.copy(CIFAR10 / "user_module.py", home)
    return home
