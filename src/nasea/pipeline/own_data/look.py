"""Inspects the images: sizes, modes, unreadable files, mean and standard deviation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from nasea.errors import DataError
from nasea.pipeline.own_data.listed import Pixels, open_image, read_image
from nasea.pipeline.own_data.records import Faults, Found, Item, listed

SAMPLE = 256
"""Training images whose pixels are looked at."""

MOST_OPENED = 50_000
"""Images of a part whose first bytes are looked at; spread over all where there are more."""

TOO_MANY = 0.05
"""Part of unreadable images above which something is wrong with all of it."""

UNREADABLE = "images that cannot be read, left out"
DEEP = "images with 16 or 32 bits a pixel"
_THREADS = 8
_A = TypeVar("_A")
_B = TypeVar("_B")


@dataclass(frozen=True)
class Look:
    """Properties of the images.

    Attributes:
        sizes: {(height, width): number of images}, of the opened images.
        grey: whether all of them are greyscale.
        mean: mean of each channel in the sample, from 0 to 255.
        std: standard deviation of each channel.
        sampled: number of images in the sample.
    """

    sizes: dict[tuple[int, int], int]
    grey: bool
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    sampled: int = 0

    @property
    def one_size(self) -> bool:
        """Whether all images have the same size."""
        return len(self.sizes) == 1

    @property
    def height(self) -> int:
        """The median height, in pixels."""
        return round(median(h for (h, _), n in self.sizes.items() for _ in range(n)))

    @property
    def width(self) -> int:
        """The median width, in pixels."""
        return round(median(w for (_, w), n in self.sizes.items() for _ in range(n)))

    def spoken(self) -> str:
        """Return the sizes in words: width x height."""
        if self.one_size:
            return f"all images are {self.width}x{self.height}"
        low, high = min(self.sizes), max(self.sizes)
        return (
            f"images are from {low[1]}x{low[0]} to {high[1]}x{high[0]}, "
            f"the middle one {self.width}x{self.height}"
        )


def look(found: Found) -> tuple[Found, Look]:
    """Return the data set without unreadable images, and the properties of the others.

    Raises:
        DataError: too many images are unreadable, or their mode is not supported.
    """
    faults, sizes, grey = Faults(), dict[tuple[int, int], int](), True
    broken: set[str] = set()
    for items in found.parts.values():
        chosen = spread(items, MOST_OPENED)
        for item, seen in zip(chosen, each(lambda i: _opened(found.root, i), chosen), strict=True):
            if seen is None:
                faults.add(UNREADABLE, item.image)
                broken.add(item.image)
                continue
            size, mode = seen
            sizes[size] = sizes.get(size, 0) + 1
            grey &= mode in ("1", "L", "LA")
            if mode.startswith(("I", "F")):
                faults.add(DEEP, item.image)
    deep = {DEEP: faults.by_kind[DEEP]} if DEEP in faults.by_kind else {}
    Faults(deep).refuse(f"{found.root}:", "convert them to 8 bits a channel")
    count = sum(sizes.values()) + len(broken)
    if len(broken) > max(1, TOO_MANY * count):
        raise DataError(
            f"{found.root}: {len(broken)} of {count} images cannot be read: "
            f"{listed(sorted(broken))}",
            fix="copy the data again, or remove these files",
        )
    if broken:
        parts = {
            name: [item for item in items if item.image not in broken]
            for name, items in found.parts.items()
        }
        found = replace(found, parts=parts).told(*faults.notices())
        train = found.counts("train")
        named = found.classes if found.task != "segmentation" else ()  # there, pixels have them
        lost = [name for name in named if not train[name]]
        if lost or not found.parts["val"]:
            raise DataError(
                f"{found.root}: no readable image is left to "
                + (f"train {listed(lost)}" if lost else "validate")
                + f"; these cannot be read: {listed(sorted(broken))}",
                fix="copy them again, or add images",
            )
    return found, Look(sizes, grey)


def with_statistics(seen: Look, found: Found, size: tuple[int, int], mode: str) -> Look:
    """Add mean and standard deviation of a sample of training images, at their final size.

    Raises:
        DataError: one of them cannot be decoded.
    """
    chosen = spread(found.parts["train"], SAMPLE)

    whole = found.task != "classification"  # as in the project's own readers

    def moments(item: Item) -> tuple[Pixels, Pixels] | str:
        try:
            pixels = read_image(found.root, item.image, size, mode, whole=whole) / 1.0
        except ValueError:  # damaged beyond the part that look() reads
            return item.image
        return pixels.mean((0, 1)), np.square(pixels).mean((0, 1))

    seen_so = list(each(moments, chosen))
    damaged = [one for one in seen_so if isinstance(one, str)]
    if damaged:
        raise DataError(
            f"{found.root}: of {len(chosen)} images that were decoded, {len(damaged)} are damaged: "
            f"{listed(damaged)}",
            fix="copy them again, or remove them",
        )
    mean, square = np.array(seen_so).mean(0)
    deviation = np.sqrt(np.maximum(square - mean**2, 1.0))
    return replace(
        seen,
        mean=tuple(round(float(value), 1) for value in mean),
        std=tuple(round(float(value), 1) for value in deviation),
        sampled=len(chosen),
    )


def each(function: Callable[[_A], _B], items: Sequence[_A]) -> Iterator[_B]:
    """Yield ``function`` of every item, in order; several threads read files concurrently."""
    for item in items[:1]:
        yield function(item)  # alone: it opens the array that others share
    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(function, items[1:])


def spread(items: Sequence[_A], most: int) -> list[_A]:
    """Return at most ``most`` of the items, evenly spaced."""
    count = min(len(items), most)
    places = np.linspace(0, len(items) - 1, count).round().astype(int)
    return [items[place] for place in places]


def _opened(root: Path, item: Item) -> tuple[tuple[int, int], str] | None:
    """Return ((height, width), mode) from both ends of the file; ``None`` if unreadable."""
    try:
        with open_image(root, item.image) as image:
            width, height = image.size
            if ".npz/" not in item.image and _seems_cut_off(root / item.image, image.format):
                image.load()
            return (height, width), image.mode
    except (ValueError, OSError, SyntaxError):
        return None


def _seems_cut_off(path: Path, kind: str | None) -> bool:
    """Return whether a file lacks its format's end marker; it is then decoded to be sure."""
    mark = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}.get(kind or "")
    if mark is None or not path.is_file():
        return False
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 512))
        return mark not in stream.read()
