"""The content of a folder of data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nasea.errors import DataError
from nasea.terms import Task

PARTS = ("train", "val", "test")
WHOLE = "all"
"""The part of a data set that is not split."""

TOLD = 5
"""Faults that a message names one by one."""

Box = tuple[str, float, float, float, float]
"""Class; left, top, right, bottom as fractions of the image's width and height."""


@dataclass(frozen=True)
class Item:
    """An image with its annotations.

    Attributes:
        image: its name in lists (:mod:`nasea.pipeline.own_data.listed`).
        label: the class, in classification.
        boxes: the objects, in detection.
        mask: its name in lists, in segmentation.
    """

    image: str
    label: str = ""
    boxes: tuple[Box, ...] = ()
    mask: str = ""


@dataclass(frozen=True)
class Found:
    """A data set.

    Attributes:
        task: the task that its labels allow.
        layout: its layout, in words.
        root: the folder to which image names are relative.
        parts: the existing ones of ``train``, ``val`` and ``test``, or ``all``.
        classes: class names in the order of their numbers; empty if unknown, as in masks.
        notices: notices for the user.

    """

    task: Task
    layout: str
    root: Path
    parts: Mapping[str, Sequence[Item]]
    classes: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def told(self, *notices: str) -> Found:
        """Return a copy with further notices."""
        return replace(self, notices=(*self.notices, *notices))

    def counts(self, part: str) -> Counter[str]:
        """Return the number of images, or objects, of each class in a part."""
        items = self.parts.get(part, ())
        if self.task == "detection":
            return Counter(box[0] for item in items for box in item.boxes)
        return Counter(item.label for item in items)


@dataclass
class Faults:
    """Errors in single files, collected to be reported together."""

    by_kind: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: str) -> None:
        """Add an error of a file; ``kind`` is the text before the count and the first places."""
        self.by_kind.setdefault(kind, []).append(where)

    def count(self, kind: str) -> int:
        """Return how many files have the error."""
        return len(self.by_kind.get(kind, ()))

    def notices(self) -> tuple[str, ...]:
        """Return one line per kind of error."""
        return tuple(f"{kind}: {listed(places)}" for kind, places in self.by_kind.items())

    def refuse(self, head: str, fix: str) -> None:
        """Raise an error if there are any faults.

        Raises:
            DataError: names all of them.
        """
        if self.by_kind:
            raise DataError("\n  ".join([head, *self.notices()]), fix=fix)


def listed(places: Sequence[str], most: int = TOLD) -> str:
    """Return some of the places, and the number of the others."""
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return ", ".join(places[:most]) + more


def part_of(name: str) -> str | None:
    """Return the part that a name stands for: ``train2017``, ``valid``, ``test.txt``."""
    word = name.casefold()
    for part, beginnings in _BEGINNINGS.items():
        for beginning in beginnings:
            rest = word.removeprefix(beginning)
            if rest != word and not rest[:1].isalpha():
                return part
    return None


def part_above(path: Path, root: Path) -> str | None:
    """Return the part after which the nearest parent folder is named, below the root."""
    above = path.relative_to(root).parts[:-1]
    return next((part for name in reversed(above) if (part := part_of(name))), None)


_BEGINNINGS = {
    "train": ("training", "train"),
    "val": ("validation", "valid", "val"),
    "test": ("testing", "test"),
}
