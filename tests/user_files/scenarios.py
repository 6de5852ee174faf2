"""Small scenarios as text: what all share, and what each says itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nasea.terms import Framework

Section = Mapping[str, Any]

NAMES: dict[Framework, str] = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}


def scenario(
    framework: Framework,
    task: str,
    *,
    strategy: Section,
    budget: int,
    supernet: Section,
    optimizer: Section,
    data: str,
    pre_train_dir: str | None = "none",
    searcher: Section,
    resource: Section | None = None,
) -> str:
    """The text of ``scen.yaml``.

    Args:
        framework: which.
        task: as ``application_type`` names it.
        strategy: batch size, epochs and so on.
        budget: in parameters.
        supernet: its section.
        optimizer: ``weights_optimizer``.
        data: the folder of ``train`` and ``val``.
        pre_train_dir: left out where it is ``None``.
        searcher: its section.
        resource: what is not as on one thread of the CPU.
    """
    before = {} if pre_train_dir is None else {"pre_train_dir": pre_train_dir}
    tree = {
        "scenario": {
            "strategy": {
                "name": "NASEA",
                "framework": NAMES[framework],
                **strategy,
                "constraint": {
                    "application_type": task,
                    "constraint_type": "size",
                    "constraint_value": budget,
                },
                "supernet": supernet,
                "optimizer": {"weights_optimizer": optimizer},
                "dataset": {**before, "train_dir": f"{data}/train", "val_dir": f"{data}/val"},
                "searcher": searcher,
            },
            "resource": {
                "name": f"{framework}_standalone",
                "gpu_id": 0,
                "device": "cpu",
                "threads": 1,
                **(resource or {}),
            },
        }
    }
    return "".join(f"{line}\n" for line in _lines(tree, ""))


def _lines(tree: Section, indent: str) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{key}: {value}"
