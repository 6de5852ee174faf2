"""Variations of a scenario text."""

from __future__ import annotations

from collections.abc import Callable

from nasea.config import LoadedScenario
from nasea.errors import Problem

Load = Callable[[str], LoadedScenario]
Refusals = Callable[[str], tuple[Problem, ...]]


def set_keys(text: str, section: str, *lines: str) -> str:
    """Add lines to a section of the minimal scenario, making the section where it is missing."""
    block = "".join(f"      {line}\n" for line in lines)
    head = f"    {section}:\n"
    if head in text:
        return text.replace(head, head + block)
    return text.replace("    dataset:\n", head + block + "    dataset:\n")


def optimizer(text: str, *lines: str) -> str:
    return set_keys(text, "optimizer", "weights_optimizer:", *(f"  {line}" for line in lines))


def tensorflow(text: str) -> str:
    return text.replace("PyTorch", "TensorFlow").replace("pytorch_", "tensorflow_")


def segmentation(text: str) -> str:
    text = text.replace("image_classification", "semantic_segmentation")
    return set_keys(text, "dataset", "pre_train_dir: /data/pre")


def line_of(place: str) -> int:
    """The line in ``file:line``."""
    return int(place.rpartition(":")[2])
