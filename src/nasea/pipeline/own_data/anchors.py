"""The boxes that a detector starts from, taken from the objects that it has to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasea.pipeline.own_data.records import Found

_ROUNDS = 50
_Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Anchors:
    """Of each level of the head.

    Attributes:
        levels: (stride, heights, widths as multiples of the height) in pixels, the finest first.
        covered: part of the boxes that one of them overlaps by half, were it in the right place.
    """

    levels: tuple[tuple[int, tuple[int, ...], tuple[float, ...]], ...]
    covered: float


def extents(found: Found, size: tuple[int, int]) -> _Numbers:
    """(n, 2): height and width of the training objects, in pixels of images of a size."""
    boxes = [box[1:] for item in found.parts["train"] for box in item.boxes]
    corners = np.array(boxes, float).reshape(-1, 4)
    return np.stack(
        [(corners[:, 3] - corners[:, 1]) * size[0], (corners[:, 2] - corners[:, 0]) * size[1]], 1
    )


def anchors_for(objects: _Numbers, strides: Sequence[int]) -> Anchors:
    """Two heights a level, the means of groups of like heights; the middle half of the proportions.

    Args:
        objects: (n, 2) heights and widths.
        strides: of the levels.
    """
    heights = _means(np.log(np.maximum(objects[:, 0], 1)), 2 * len(strides))
    low, high = np.quantile(objects[:, 1] / np.maximum(objects[:, 0], 1e-6), (0.25, 0.75))
    ratios = tuple(sorted({round(float(low), 2), round(float(high), 2)}))
    levels = tuple(
        (stride, tuple(heights[2 * i : 2 * i + 2]), ratios) for i, stride in enumerate(strides)
    )
    return Anchors(levels, _covered(objects, heights, ratios))


def _means(values: _Numbers, count: int) -> list[int]:
    """Lloyd's k-means in one dimension, from quantiles; exponentials of the means, ascending."""
    means = np.quantile(values, (np.arange(count) + 0.5) / count)
    means += np.arange(count) * 1e-6  # equal quantiles of equal objects still make groups
    for _ in range(_ROUNDS):
        nearest = np.abs(values[:, None] - means).argmin(1)
        for i in range(count):
            if (nearest == i).any():
                means[i] = values[nearest == i].mean()
    found = sorted(max(2, round(float(height))) for height in np.exp(means))
    for i in range(1, count):
        found[i] = max(found[i], found[i - 1] + 1)
    return found


def _covered(objects: _Numbers, heights: Sequence[int], ratios: Sequence[float]) -> float:
    shapes = np.array([(height, height * ratio) for height in heights for ratio in ratios])
    shared = np.minimum(objects[:, None], shapes[None]).prod(-1)
    either = objects.prod(-1)[:, None] + shapes.prod(-1)[None] - shared
    return float(((shared / either).max(1) >= 0.5).mean())
