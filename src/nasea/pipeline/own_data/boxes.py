"""Validates and corrects the boxes of annotations, alike for every format."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from nasea.pipeline.own_data.files import listable
from nasea.pipeline.own_data.listed import open_image
from nasea.pipeline.own_data.look import UNREADABLE
from nasea.pipeline.own_data.records import Box, Faults, Item

WITHOUT_AREA = "boxes without an area, left out"
OUTSIDE = "boxes outside their image, left out"
CUT = "boxes that leave their image, cut to it"
TURNED = "images that EXIF turns, read as they are stored; boxes count so unless the sizes differ"
OTHER_SIZE = "images of another size than their annotation says"

Corners = tuple[str, float, float, float, float]
"""Class; left, top, right, bottom in pixels."""

_ORIENTATION = 0x0112  # EXIF: the rotation of the stored image

_LYING: dict[int, Callable[[Corners, int, int], Corners]] = {
    5: lambda box, w, h: (box[0], box[2], box[1], box[4], box[3]),
    6: lambda box, w, h: (box[0], box[2], w - box[3], box[4], w - box[1]),
    7: lambda box, w, h: (box[0], h - box[4], w - box[3], h - box[2], w - box[1]),
    8: lambda box, w, h: (box[0], h - box[4], box[1], h - box[2], box[3]),
}
"""Orientation -> from a box in the upright image, which is w x h, to it in the stored one."""


def item_of(
    image: Path,
    root: Path,
    objects: Sequence[Corners],
    said: tuple[int, int] | None,
    faults: Faults,
) -> Item | None:
    """Return an image with its boxes as fractions of its size; ``None`` if it is unusable.

    Args:
        image: the file.
        root: the folder of the data.
        objects: the objects in it.
        said: (width, height) according to the annotation.
        faults: collects the errors.
    """
    name = listable(image, root)
    try:
        with open_image(root, name) as opened:
            size, turn = opened.size, _orientation(opened)
    except ValueError:
        faults.add(UNREADABLE, name)
        return None
    if turn != 1:
        faults.add(TURNED, name)
    if turn in _LYING and said is not None and said != size and said == size[::-1]:
        objects, said = [_LYING[turn](one, *said) for one in objects], size
    if said is not None and said != size:
        faults.add(OTHER_SIZE, f"{name} ({said[0]}x{said[1]}, is {size[0]}x{size[1]})")
        return None
    boxes = [_sound(one, size, name, faults) for one in objects]
    return Item(name, boxes=tuple(box for box in boxes if box is not None))


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation if it precedes the pixels; decode nothing."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1)) if "exif" in image.info else 1
    except (SyntaxError, ValueError, TypeError, OSError, struct.error):  # damaged
        return 1


def _sound(one: Corners, size: tuple[int, int], name: str, faults: Faults) -> Box | None:
    label, *corners = one
    box = [corner / length for corner, length in zip(corners, size * 2, strict=True)]
    inside = [min(max(corner, 0.0), 1.0) for corner in box]
    if not all(map(math.isfinite, box)) or box[2] <= box[0] or box[3] <= box[1]:
        faults.add(WITHOUT_AREA, name)
        return None
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        faults.add(OUTSIDE, name)
        return None
    if inside != box:
        faults.add(CUT, name)
    return (label, inside[0], inside[1], inside[2], inside[3])
