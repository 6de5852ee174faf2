"""Splits images into training and validation, and checks the classes of both."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nasea.errors import DataError
from nasea.pipeline.own_data.records import PARTS, WHOLE, Found, Item, listed
from nasea.pipeline.own_data.twins import without_shared_images

FIFTH = 5
"""One image of so many validates where the owner has not decided."""

FEWEST = 10
"""Images below which nothing can be trained and validated."""

RARE = 10
"""Images or objects of a class below which the owner is told."""


@dataclass(frozen=True)
class Split:
    """A data set, split into parts.

    Attributes:
        found: the data set; its parts are ``train``, ``val`` and optionally ``test``.
        reason: the origin of the split.
        is_ours: whether nasea chose the validation images.
    """

    found: Found
    reason: str
    is_ours: bool = False


def split(found: Found) -> Split:
    """Return the data set with training and validation images.

    Without validation images, a fifth of each class is taken, by the SHA-256 of the names. The
    choice is the same on every machine, and stable when images are added.

    Raises:
        DataError: there are too few images or classes, or validation has classes that training
            lacks.
    """
    parts = {name: tuple(items) for name, items in found.parts.items() if items}
    reason = "as the data has it"
    rule = (
        f"every {FIFTH}th image{'' if found.task != 'classification' else ' of each class'} "
        "validates, by the order of the SHA-256 of their names"
    )
    is_ours = "val" not in parts
    if WHOLE in parts and len(parts) > 1 and set(parts) != {WHOLE, "test"}:
        raise DataError(
            f"{found.root} ({found.layout}): some images belong to "
            f"{' and '.join(name for name in parts if name != WHOLE)}, others to no part",
            fix="name all of them train, val or test",
        )
    if WHOLE in parts:
        train, val = _divided(parts.pop(WHOLE), found)
        reason = (
            f"the data has only test images apart; of the others {rule}"
            if parts
            else f"the data has none; {rule}"
        )
        parts |= {"train": train, "val": val}
    elif "train" in parts and "val" not in parts:
        train, val = _divided(parts["train"], found)
        reason = f"the data has no validation images; of those for training {rule}"
        parts |= {"train": train, "val": val}
    elif "train" not in parts:
        there = ", ".join(parts) or "none"
        raise DataError(
            f"{found.root} ({found.layout}) has no training images; its parts are: {there}",
            fix="name the folder, list or array of the training images `train`",
        )
    count = sum(map(len, parts.values()))
    if count < FEWEST:
        raise DataError(
            f"{found.root} ({found.layout}) holds {count} usable images; {FEWEST} are the fewest "
            "that can be split and searched with, some hundreds the fewest that make sense",
            fix="add images",
        )
    ordered: dict[str, tuple[Item, ...]] = {name: parts[name] for name in PARTS if name in parts}
    found = without_shared_images(replace(found, parts=ordered), may_move=is_ours)
    return Split(_with_sound_classes(found), reason, is_ours)


def _divided(items: Sequence[Item], found: Found) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Return (training items, validation items)."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.label].append(item)
    chosen: set[str] = set()
    for group in groups.values():
        ordered = sorted(group, key=lambda item: hashlib.sha256(item.image.encode()).digest())
        wanted = max(1, round(len(ordered) / FIFTH)) if len(ordered) > 1 else 0
        chosen |= {item.image for item in ordered[:wanted]}
    learnt = {box[0] for item in items if item.image not in chosen for box in item.boxes}
    # The only images of a class must be used for training.
    chosen -= {item.image for item in items if any(box[0] not in learnt for box in item.boxes)}
    train = tuple(item for item in items if item.image not in chosen)
    return train, tuple(item for item in items if item.image in chosen)


def _with_sound_classes(found: Found) -> Found:
    if found.task == "segmentation":
        return found
    noun = "images" if found.task == "classification" else "boxes"
    train = found.counts("train")
    for part in ("val", "test"):
        stray = sorted(set(found.counts(part)) - set(train))
        if stray:
            raise DataError(
                f"{found.root}: {part} has classes that train lacks: {listed(stray)}",
                fix=f"add such {noun} to the training images, or remove them from {part}",
            )
    classes = tuple(name for name in found.classes if name in train) or tuple(sorted(train))
    if found.task == "classification" and len(classes) < 2:
        raise DataError(
            f"{found.root} ({found.layout}) has one class, {classes[0]!r}; a classifier needs two",
            fix="add a folder with images of another class, or give --data the folder that holds "
            "the folders of classes",
        )
    if not classes:
        raise DataError(f"{found.root} has no boxes", fix="annotate objects in the images")
    notices = []
    if dropped := [name for name in found.classes if name not in train]:
        notices.append(f"classes without any {noun}, left out: {listed(dropped)}")
    if lacking := [name for name in classes if not found.counts("val")[name]]:
        notices.append(
            f"validation has no {noun} of {listed(lacking)}: the metric says nothing about them"
        )
    if rare := [f"{name} ({train[name]})" for name in classes if train[name] < RARE]:
        notices.append(f"classes with fewer than {RARE} {noun} to train on: {listed(rare)}")
    notices += _imbalance(train, noun)
    return replace(found, classes=classes).told(*notices)


def _imbalance(train: Mapping[str, int], noun: str) -> list[str]:
    most, least = max(train, key=train.__getitem__), min(train, key=train.__getitem__)
    if train[most] <= 20 * train[least]:
        return []
    return [f"classes are uneven: {train[most]} {noun} of {most}, {train[least]} of {least}"]
