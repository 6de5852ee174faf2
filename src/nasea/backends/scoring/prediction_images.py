"""Images with predictions of a network and the ground truth, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasea.backends.user.module import FILE_NAME
from nasea.errors import UserModuleError

METHOD = "UserModule.pictures(images, labels, outputs)"
"""Optional method of the module, of either framework. It returns a list with a dict an image::

    {"image": (H, W, 3) or (H, W) uint8,
     "truth": (H, W) class numbers, or {"boxes": (n, 4), "labels": (n,)},
     "found": (H, W) class numbers, or {"boxes": (n, 4), "labels": (n,), "scores": (n,)}}

Boxes are (x0, y0, x1, y1) in pixels of the image. ``UserModule.class_names``, optional as well,
lists the names of the classes from number 0."""


LEAST_SCORE = 0.3
"""Boxes found with less confidence are not drawn, and do not count."""


@dataclass(frozen=True)
class Boxes:
    """Objects in an image.

    Attributes:
        boxes: (n, 4), (x0, y0, x1, y1) in pixels.
        labels: (n,) class numbers.
        scores: (n,) confidences from 0 to 1; ``None`` for the ground truth.
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class PredictionImage:
    """An image with ground truth and predictions.

    Attributes:
        image: (H, W, 3), uint8.
        truth: objects, or a (H, W) mask of class numbers; numbers beyond ``classes`` are ignored.
        found: the network's predictions, in the same form.
        classes: class names from number 0; empty if unknown.
    """

    image: np.ndarray
    truth: Boxes | np.ndarray
    found: Boxes | np.ndarray
    classes: tuple[str, ...] = ()


def read_prediction_images(
    returned: object, class_names: object, count: int
) -> tuple[PredictionImage, ...]:
    """Check and convert the return value of the user's method.

    Args:
        returned: return value of :data:`METHOD`, with plain arrays.
        class_names: ``UserModule.class_names``; ``None`` if undefined.
        count: number of images to keep.

    Raises:
        UserModuleError: the value has another form.
    """
    classes = _names(class_names)
    if not isinstance(returned, list | tuple):
        raise UserModuleError(
            f"{FILE_NAME}: {METHOD} must return a list with a dict an image, "
            f"found {type(returned).__name__}"
        )
    return tuple(_picture(item, classes) for item in returned[:count])


def most_different(
    one: Sequence[PredictionImage], other: Sequence[PredictionImage], count: int
) -> list[int]:
    """Return the numbers of the images on which two networks differ most, largest first.

    Args:
        one: images with the predictions of a network.
        other: the same images with those of another network.
        count: how many numbers to return.
    """
    pairs = [
        (disagreement(a.found, b.found), -n)
        for n, (a, b) in enumerate(zip(one, other, strict=False))
    ]
    return [-place for _, place in sorted(pairs, reverse=True)[:count]]


def disagreement(one: Boxes | np.ndarray, other: Boxes | np.ndarray) -> float:
    """Return how much two predictions for an image differ, from 0 to 1.

    For masks, the share of pixels with another class. For boxes, the share of objects without a
    counterpart of the same class that covers the same place (intersection over union at least
    0.5).
    """
    if isinstance(one, Boxes) and isinstance(other, Boxes):
        first, second = _certain(one), _certain(other)
        larger = max(len(first.boxes), len(second.boxes))
        return 1 - _matched(first, second) / larger if larger else 0.0
    if isinstance(one, Boxes) or isinstance(other, Boxes) or one.shape != other.shape:
        return 1.0
    return float((one != other).mean()) if one.size else 0.0


def _certain(found: Boxes) -> Boxes:
    if found.scores is None:
        return found
    kept = found.scores >= LEAST_SCORE
    return Boxes(found.boxes[kept], found.labels[kept], found.scores[kept])


def _matched(one: Boxes, other: Boxes) -> int:
    """Return the number of objects that are in both, each used once."""
    free = set(range(len(other.boxes)))
    for box, label in zip(one.boxes, one.labels, strict=True):
        same = [n for n in sorted(free) if other.labels[n] == label]
        best = max(same, key=lambda n: _overlap(box, other.boxes[n]), default=None)
        if best is not None and _overlap(box, other.boxes[best]) >= 0.5:
            free.discard(best)
    return len(other.boxes) - len(free)


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the intersection over union of two boxes (x0, y0, x1, y1)."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    areas = [float(np.prod(np.clip(box[2:] - box[:2], 0, None))) for box in (one, other)]
    return shared / (sum(areas) - shared) if shared else 0.0


def as_image(pixels: Any) -> np.ndarray:
    """Convert network input (H, W, C) of any range to (H, W, 3) uint8, with stretched contrast."""
    values = np.asarray(pixels, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return _three_channels((scaled * 255).round().astype(np.uint8))


def of_masks(
    images: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    scores: Sequence[np.ndarray],
    class_names: object,
) -> tuple[PredictionImage, ...]:
    """Draw the masks of a segmentation whose user module does not define the method.

    Args:
        images: network inputs, each (H, W, C).
        truth: class numbers, each (H, W).
        scores: network outputs, each (h, w, classes); at other resolutions than the truth, the
            nearest score is used.
        class_names: ``UserModule.class_names``; ``None`` if undefined.
    """
    names = _names(class_names)
    names += tuple(f"class {number}" for number in range(len(names), scores[0].shape[-1]))
    return tuple(
        PredictionImage(as_image(image), mask, _nearest(score.argmax(axis=-1), mask.shape), names)
        for image, mask, score in zip(images, truth, scores, strict=True)
    )


def _picture(item: object, classes: tuple[str, ...]) -> PredictionImage:
    if not isinstance(item, Mapping) or {"image", "truth", "found"} - set(item):
        raise UserModuleError(
            f"{FILE_NAME}: {METHOD} must give a dict with image, truth and found for each image"
        )
    image = np.asarray(item["image"])
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise UserModuleError(
            f"{FILE_NAME}: {METHOD} must give image as uint8 of (H, W, 3) or (H, W), "
            f"found {image.dtype} {image.shape}"
        )
    return PredictionImage(
        _three_channels(image), _seen(item["truth"]), _seen(item["found"]), classes
    )


def _names(class_names: object) -> tuple[str, ...]:
    return tuple(map(str, class_names)) if isinstance(class_names, list | tuple) else ()


def _seen(value: object) -> Boxes | np.ndarray:
    if isinstance(value, Mapping):
        boxes = np.asarray(value["boxes"], dtype=np.float64).reshape(-1, 4)
        labels = np.asarray(value["labels"]).astype(np.int64).reshape(-1)
        scores = value.get("scores")
        confidences = None if scores is None else np.asarray(scores, dtype=np.float64).reshape(-1)
        return Boxes(boxes, labels, confidences)
    return np.asarray(value).astype(np.int64)


def _three_channels(image: np.ndarray) -> np.ndarray:
    plane = image[..., None] if image.ndim == 2 else image
    return np.repeat(plane[..., :1], 3, axis=-1) if plane.shape[-1] != 3 else plane


def _nearest(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    rows = np.arange(shape[0]) * mask.shape[0] // shape[0]
    columns = np.arange(shape[1]) * mask.shape[1] // shape[1]
    chosen: np.ndarray = mask[rows[:, None], columns[None, :]]
    return chosen
