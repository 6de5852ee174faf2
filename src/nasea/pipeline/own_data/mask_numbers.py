"""Interprets the numbers in masks: classes, or pixels without a class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nasea.errors import DataError
from nasea.pipeline.own_data.listed import open_image, read_mask
from nasea.pipeline.own_data.look import each
from nasea.pipeline.own_data.records import Faults, Found, Item, listed

MOST_CLASSES = 200
NO_CLASS = 255
"""The number that means no class by custom (Pascal VOC, Cityscapes)."""

_NO_CLASS_NAMES = {"void", "unlabeled", "unlabelled", "ignore", "ignored", "unknown", "border"}


@dataclass(frozen=True)
class Numbers:
    """The meaning of the numbers in masks.

    Attributes:
        classes: names of the classes.
        numbers: the number of each class in the masks.
        void: numbers of pixels without a class.
        weights: weight of each class in the loss.
        notices: notices about the decisions.
        reason: the reason, in one line.
    """

    classes: tuple[str, ...]
    numbers: tuple[int, ...]
    void: tuple[int, ...]
    weights: tuple[float, ...]
    notices: tuple[str, ...]
    reason: str


def numbers_of(found: Found, may_move: bool = False) -> tuple[Found, Numbers]:
    """Read every mask and determine the meaning of its numbers.

    Args:
        found: the data, split.
        may_move: whether the only images of a class may move from validation to training.

    Returns:
        The data, possibly with some images moved, and the meaning of the numbers.

    Raises:
        DataError: masks cannot be read, are colours or of another size than their image, or
            hold numbers that cannot be classes.
    """
    faults = Faults()
    counted: dict[str, list[tuple[Item, Counter[int]]]] = {part: [] for part in found.parts}
    for part, items in found.parts.items():
        for item, one in zip(items, each(lambda i: _counted(i, found), items), strict=True):
            if isinstance(one, str):
                faults.add(one, item.mask)
            else:
                counted[part].append((item, one))
    faults.refuse(
        f"{found.root}: masks that cannot be used:",
        "a mask holds the number of a class in each pixel (a PNG of one byte a pixel), and is as "
        "large as its image",
    )
    there = sorted({number for pairs in counted.values() for _, one in pairs for number in one})
    _refuse_lossy(there, found)
    classes, numbers, void, notices, reason = _decided(there, found)
    if may_move:
        found = _moved(found, counted, void)
    frequencies, shown = Counter[int](), Counter[int]()
    for _, one in counted["train"]:
        frequencies.update(one)
        shown.update(dict.fromkeys(one, one.total()))
    stray = sorted(set(there) - set(frequencies) - set(void))
    if any(number not in numbers for number in stray):
        raise DataError(
            f"{found.root}: masks of validation or test hold the numbers {stray}, those of "
            "training do not",
            fix="correct the masks, or add such images to the training images",
        )
    if stray:
        raise DataError(
            f"{found.root}: classes that only validation or test show: "
            f"{listed([classes[numbers.index(number)] for number in stray])}",
            fix="add images that show them to the training images",
        )
    weights = _weights(numbers, frequencies, shown)
    return found, Numbers(classes, numbers, void, weights, notices, reason)


def _refuse_lossy(there: Sequence[int], found: Found) -> None:
    lossy = [
        item.mask
        for items in found.parts.values()
        for item in items
        if item.mask.casefold().endswith((".jpg", ".jpeg"))
    ]
    if lossy and not set(there) <= {0, NO_CLASS}:
        raise DataError(
            f"{found.root}: masks are JPEG files, which do not keep numbers: {listed(lossy)}",
            fix="store masks losslessly, as PNG",
        )


def _moved(
    found: Found, counted: dict[str, list[tuple[Item, Counter[int]]]], void: Sequence[int]
) -> Found:
    """Return the data, with the only images of a number moved from validation to training."""
    learnt = {number for _, one in counted["train"] for number in one}.union(void)
    moved = [pair for pair in counted["val"] if not learnt.issuperset(pair[1])]
    counted["train"] += moved
    counted["val"] = [pair for pair in counted["val"] if pair not in moved]
    parts = {part: tuple(item for item, _ in pairs) for part, pairs in counted.items()}
    return replace(found, parts=parts)


def _counted(item: Item, found: Found) -> Counter[int] | str:
    """Return {number: pixels}, or a description of the error."""
    try:
        mask = read_mask(found.root, item.mask)
        with open_image(found.root, item.image) as image:
            size = image.size
    except ValueError as error:
        text = str(error)
        return "colours instead of numbers" if "found colours" in text else "unreadable"
    if mask.shape != (size[1], size[0]):
        return "of another size than their image"
    if mask.min(initial=0) < 0 or mask.max(initial=0) > 65535:
        return "numbers below 0 or above 65535"
    counts = np.bincount(mask.ravel())
    return Counter({int(number): int(counts[number]) for number in np.flatnonzero(counts)})


_Decision = tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...], tuple[str, ...], str]


def _decided(there: Sequence[int], found: Found) -> _Decision:
    """Return classes, their numbers, void, notices and reason."""
    names, notices = found.classes, list[str]()
    void = [n for n in range(len(names)) if names[n].casefold() in _NO_CLASS_NAMES]
    kept = [number for number in there if number not in void]
    if kept == [0, NO_CLASS] and not names:
        return (
            ("background", "foreground"), (0, NO_CLASS), (), (),
            "masks hold 0 and 255 only: background and foreground",
        )  # fmt: skip
    if NO_CLASS in kept and len(kept) > 1 and (not names or len(names) <= NO_CLASS):
        void.append(NO_CLASS)
        kept.remove(NO_CLASS)
        notices.append("255 in masks means no class, as in Pascal VOC")
    if len(kept) > MOST_CLASSES:
        raise DataError(
            f"{found.root}: masks hold {len(kept)} different numbers, such as "
            f"{listed([str(n) for n in kept])}; they look like grey values or numbers of objects",
            fix="store the number of the class in each pixel, losslessly: PNG, not JPEG",
        )
    if len(kept) < 2:
        raise DataError(
            f"{found.root}: masks show one class only, number {kept[0] if kept else there}",
            fix="at least two classes are needed; the background counts as one",
        )
    if names:
        if unknown := [number for number in kept if number >= len(names)]:
            raise DataError(
                f"{found.root}: masks hold {unknown}, but there are names for 0 to "
                f"{len(names) - 1} only: {listed(names, 12)}",
                fix="correct the masks, or the names in classes.txt (one a line, from number 0)",
            )
        numbers = [number for number in range(len(names)) if number not in void]
        if unseen := [names[number] for number in numbers if number not in kept]:
            notices.append(f"classes that no mask shows, left out: {listed(unseen)}")
            numbers = [number for number in numbers if number in kept]
        reason = f"{len(numbers)} of the {len(names)} names that come with the data"
        if skipped := [names[number] for number in void if number < len(names)]:
            reason += f"; {', '.join(skipped)} means no class"
        classes = tuple(names[number] for number in numbers)
        return classes, tuple(numbers), tuple(void), tuple(notices), reason
    reason = f"masks hold {len(kept)} numbers from {kept[0]} to {kept[-1]}"
    notices.append(
        "masks come without names; put them into CLASSES in settings.py, or a name a line into "
        "classes.txt beside the images"
    )
    return tuple(f"class {n}" for n in kept), tuple(kept), tuple(void), tuple(notices), reason


def _weights(
    numbers: Sequence[int], frequencies: Counter[int], shown: Counter[int]
) -> tuple[float, ...]:
    """Return the class weights, as ``Masks.class_weights`` in the project's masks.py."""
    parts = np.array([frequencies[number] / shown[number] for number in numbers])
    return tuple(round(float(weight), 3) for weight in np.sqrt(np.median(parts) / parts))
