"""What a folder of data was found to hold."""

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
    """An image with what is known about it.

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
        task: what its labels are good for.
        layout: how it lies there, in words.
        root: the folder that the names of images start from.
        parts: ``train``, ``val``, ``test``, as far as they are there, or ``all``.
        classes: their names in the order of their numbers; empty where no names are known, as in
            masks.
        notices: what the owner should know.

    """

    task: Task
    layout: str
    root: Path
    parts: Mapping[str, Sequence[Item]]
    classes: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def told(self, *notices: str) -> Found:
        """The same with further notices."""
        return replace(self, notices=(*self.notices, *notices))

    def counts(self, part: str) -> Counter[str]:
        """How many images, or objects, of each class a part has."""
        items = self.parts.get(part, ())
        if self.task == "detection":
            return Counter(box[0] for item in items for box in item.boxes)
        return Counter(item.label for item in items)


@dataclass
class Faults:
    """What is wrong with single files, collected so that all of it is told at once."""

    by_kind: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: str) -> None:
        """A fault of a file; ``kind`` is a text that goes before a number and the first places."""
        self.by_kind.setdefault(kind, []).append(where)

    def count(self, kind: str) -> int:
        """How many files have the fault."""
        return len(self.by_kind.get(kind, ()))

    def notices(self) -> tuple[str, ...]:
        """A line for each kind."""
        return tuple(f"{kind}: {listed(places)}" for kind, places in self.by_kind.items())

    def refuse(self, head: str, fix: str) -> None:
        """End here if there is any fault.

        Raises:
            DataError: with all of them.
        """
        if self.by_kind:
            raise DataError("\n  ".join([head, *self.notices()]), fix=fix)


def listed(places: Sequence[str], most: int = TOLD) -> str:
    """Some of the places, and how many more there are."""
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return ", ".join(places[:most]) + more


def part_of(name: str) -> str | None:
    """The part that a folder or a file is named after: ``train2017``, ``valid``, ``test.txt``."""
    word = name.casefold()
    for part, beginnings in _BEGINNINGS.items():
        for beginning in beginnings:
            rest = word.removeprefix(beginning)
            if rest != word and not rest[:1].isalpha():
                return part
    return None


def part_above(path: Path, root: Path) -> str | None:
    """The part that the nearest folder around a file is named after, below the root."""
    above = path.relative_to(root).parts[:-1]
    return next((part for name in reversed(above) if (part := part_of(name))), None)


_BEGINNINGS = {
    "train": ("training", "train"),
    "val": ("validation", "valid", "val"),
    "test": ("testing", "test"),
}
