"""Chooses the settings of a project for a data set, each with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from nasea.config.schema.amounts import short_amount
from nasea.pipeline.own_data import trunk as trunks
from nasea.pipeline.own_data.anchors import Anchors, anchors_for, extents
from nasea.pipeline.own_data.look import Look, with_statistics
from nasea.pipeline.own_data.mask_numbers import Numbers
from nasea.pipeline.own_data.records import Found
from nasea.pipeline.own_data.trunk import Trunk
from nasea.space import DEFAULT_BLOCKS_WITH_WIDTHS
from nasea.terms import Framework

CLASS_SIDES = (32, 48, 64, 96, 128, 160, 192, 224)
"""Sizes to classify images at that are not small and of one size already."""

LARGEST = {"classification": (96, 224), "detection": (224, 320), "segmentation": (192, 256)}
"""Task -> longest side without and with a GPU: the work grows with its square."""

SMALLEST_OBJECT = 10
"""Pixels that objects of the smallest class should have in the middle."""

FEWEST_UPDATES = 1500
EPOCHS_A_CANDIDATE = 10
"""What `nasea check` asks for."""

MOST_EPOCHS = 300
MOST_EVALUATED = 2000


@dataclass(frozen=True)
class Plan:
    """A project for a data set.

    Attributes:
        found: the data, split.
        seen: properties of the images.
        framework: framework of the project.
        size: (height, width) to which images are scaled.
        mode: Pillow's mode, ``RGB`` or ``L``.
        trunk: the layers that are searched.
        budget: the budget, in FLOPs.
        batch_size: batch size of training.
        epochs: epochs of the supernet.
        learning_rate: peak learning rate.
        mirror: whether training images may be mirrored.
        reasons: {name of a choice: reason}.
        eval_images: validation images that score an architecture; ``None`` for all.
        anchors: anchor boxes, in detection.
        numbers: meaning of the mask numbers, in segmentation.
    """

    found: Found
    seen: Look
    framework: Framework
    size: tuple[int, int]
    mode: str
    trunk: Trunk
    budget: int
    batch_size: int
    epochs: int
    learning_rate: float
    mirror: bool
    reasons: dict[str, str] = field(default_factory=dict)
    eval_images: int | None = None
    anchors: Anchors | None = None
    numbers: Numbers | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, from number 0."""
        return self.numbers.classes if self.numbers is not None else self.found.classes

    @property
    def blocks(self) -> tuple[str, ...] | None:
        """Candidates; ``None`` for the default."""
        return None if self.found.task == "classification" else trunks.DENSE_BLOCKS


def make_plan(
    found: Found,
    seen: Look,
    framework: Framework,
    *,
    gpu: bool,
    side: int | None = None,
    numbers: Numbers | None = None,
) -> Plan:
    """Choose all settings of a project.

    Args:
        found: the data, split.
        seen: properties of the images.
        framework: framework of the project.
        gpu: whether this machine has a GPU.
        side: longest image side that the user requests.
        numbers: meaning of the mask numbers, in segmentation.
    """
    reasons: dict[str, str] = {}
    largest = side or LARGEST[found.task][gpu]
    cap = f"{largest} is the most " + (
        "with a GPU" if gpu else "without a GPU: larger takes longer"
    )
    size = _size(found, seen, largest, "as --size says" if side else cap, reasons)
    mode = "L" if seen.grey and found.task == "classification" else "RGB"
    anchors: Anchors | None = None
    if found.task == "classification":
        trunk = trunks.for_classification(size, len(found.classes))
        head = 2.0 * trunk.filters[-1] * len(found.classes)
    elif found.task == "detection":
        trunk, anchors = _detector(found, size, reasons)
        outputs = [len(h) * len(r) * (5 + len(found.classes)) for _, h, r in anchors.levels]
        planes = zip(trunk.channels, outputs, trunks.areas(trunk, size), strict=True)
        head = sum(2.0 * 9 * channels * out * area for channels, out, area in planes)
    else:
        assert numbers is not None, "masks were read"
        trunk = trunks.for_segmentation(size)
        head = _deeplab_flops(trunk, size, len(numbers.classes))
    reasons["trunk"] = trunk.reason
    channels = len(mode)  # L or RGB
    plain = trunks.plain_flops(trunk, channels, size, head)
    budget = _two_digits(plain)
    reasons["budget"] = (
        f"what a plain ResNet of these layers takes ({short_amount(plain)} FLOPs): the front "
        "then goes from a fraction of it to what you would take without a search"
    )
    batch, epochs, rate = _training(found, reasons)
    evaluated = len(found.parts["val"])
    if evaluated > MOST_EVALUATED:
        reasons["eval_images"] = f"of {evaluated}: enough to rank; the front is scored on all"
    mirror = _may_mirror(numbers.classes if numbers else found.classes, reasons)
    return Plan(
        found,
        with_statistics(seen, found, size, mode),
        framework,
        size,
        mode,
        trunk,
        budget,
        batch,
        epochs,
        rate,
        mirror,
        reasons,
        MOST_EVALUATED if evaluated > MOST_EVALUATED else None,
        anchors,
        numbers,
    )


def _size(
    found: Found, seen: Look, largest: int, cap: str, reasons: dict[str, str]
) -> tuple[int, int]:
    height, width = seen.height, seen.width
    if found.task == "classification":
        if seen.one_size and max(height, width) <= min(64, largest):
            reasons["size"] = f"{seen.spoken()}, small enough as they are"
            return height, width
        short = min(height, width)
        sides = [one for one in (*CLASS_SIDES, largest) if one <= min(short, largest)]
        side = max(sides, default=min(short, largest))
        reasons["size"] = f"{seen.spoken()}; {cap}"
        return side, side
    wanted, why = float(max(height, width)), "they stay as large as they are"
    if found.task == "detection":
        name, object_side = _smallest(found, height, width)
        scaled = wanted * SMALLEST_OBJECT / object_side
        if scaled < wanted:
            wanted = max(96.0, scaled)
            why = (
                f"objects of the smallest class, {name}, are {object_side:.0f} pixels there and "
                f"about {object_side * wanted / max(height, width):.0f} after scaling, enough for "
                "an anchor"
            )
    if wanted > largest:
        wanted, why = largest, cap
    scale = wanted / max(height, width)
    reasons["size"] = f"{seen.spoken()}; {why}"
    return _eights(height * scale), _eights(width * scale)


def _smallest(found: Found, height: int, width: int) -> tuple[str, float]:
    """Return the class with the smallest objects, and the side of its median one in pixels."""
    sides: dict[str, list[float]] = {}
    for item in found.parts["train"]:
        for name, left, top, right, bottom in item.boxes:
            side = math.sqrt((right - left) * width * (bottom - top) * height)
            sides.setdefault(name, []).append(side)
    middle = {name: median(of) for name, of in sides.items()}
    name = min(middle, key=middle.__getitem__)
    return name, middle[name]


def _detector(
    found: Found, size: tuple[int, int], reasons: dict[str, str]
) -> tuple[Trunk, Anchors]:
    objects = extents(found, size)
    small, large = np.quantile(objects[:, 0], (0.05, 0.95)).tolist()
    levels = 3 if large > 8 * small or max(size) >= 256 else 2
    trunk = trunks.for_detection(levels)
    anchors = anchors_for(objects, trunk.strides_of_features())
    reasons["anchors"] = (
        f"objects are {small:.0f} to {large:.0f} pixels high at this size (9 of 10); these "
        f"anchors fit {anchors.covered:.0%} of them by half or more"
    )
    return trunk, anchors


def _deeplab_flops(trunk: Trunk, size: tuple[int, int], classes: int) -> float:
    """Return the FLOPs of the head in user_module.py, whose inner width is 24."""
    fine, coarse = trunk.channels
    fine_area, coarse_area = trunks.areas(trunk, size)
    scales = 24 * coarse * (1 + 9 + 9) + 4 * 24 * 24
    return 2.0 * (scales * coarse_area + (9 * (24 + fine) * 24 + 24 * classes) * fine_area)


def _training(found: Found, reasons: dict[str, str]) -> tuple[int, int, float]:
    """Return (batch size, epochs, learning rate)."""
    count = len(found.parts["train"])
    dense = found.task != "classification"
    candidates = len(trunks.DENSE_BLOCKS if dense else DEFAULT_BLOCKS_WITH_WIDTHS["flops"])
    if dense:
        batch = 8 if count < 5000 else 16
    else:
        batch = 64 if count >= 2000 else 32 if count >= 500 else 16
    updates = math.ceil(count / batch)
    plural = "s" if updates != 1 else ""
    reasons["batch_size"] = f"{updates} update{plural} an epoch from {count} training images"
    fair = EPOCHS_A_CANDIDATE * candidates
    epochs = max(fair, min(MOST_EPOCHS, math.ceil(FEWEST_UPDATES / updates)))
    reasons["epochs"] = (
        f"{EPOCHS_A_CANDIDATE} for each of {candidates} candidate blocks"
        if epochs == fair
        else f"few images: {epochs * updates} updates in all"
    )
    return batch, epochs, 0.005 if batch >= 64 else 0.003


def _may_mirror(classes: tuple[str, ...], reasons: dict[str, str]) -> bool:
    sided = [n for n in classes if {"left", "right"} & set(_words(n))]
    if sided:
        reasons["mirror"] = f"{sided[0]} is another class in a mirror"
        return False
    plain = [name for name in classes if name.removeprefix("class ").isdigit() or len(name) == 1]
    if len(plain) == len(classes):
        reasons["mirror"] = "classes without names may be digits or letters, which a mirror changes"
        return False
    reasons["mirror"] = "nothing in the names of the classes tells left from right"
    return True


def _words(name: str) -> list[str]:
    return "".join(c if c.isalpha() else " " for c in name.casefold()).split()


def _two_digits(value: float) -> int:
    step = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return int(math.ceil(value / step) * step)


def _eights(side: float) -> int:
    return max(32, 8 * round(side / 8))
