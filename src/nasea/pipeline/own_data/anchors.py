"""Derives the anchor boxes of a detector from the training objects."""

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
    """The anchor boxes of each level of the head.

    Attributes:
        levels: (stride, heights, widths as multiples of the height) in pixels, the finest first.
        covered: fraction of the objects with an IoU of at least 0.5 with an anchor of the same
            centre.
    """

    levels: tuple[tuple[int, tuple[int, ...], tuple[float, ...]], ...]
    covered: float


def extents(found: Found, size: tuple[int, int]) -> _Numbers:
    """Return height and width of the training objects, (n, 2), in pixels at an image size."""
    boxes = [box[1:] for item in found.parts["train"] for box in item.boxes]
    corners = np.array(boxes, float).reshape(-1, 4)
    return np.stack(
        [(corners[:, 3] - corners[:, 1]) * size[0], (corners[:, 2] - corners[:, 0]) * size[1]], 1
    )


def anchors_for(objects: _Numbers, strides: Sequence[int]) -> Anchors:
    """Return anchors: two heights per level from clusters, aspect ratios from quartiles.

    Args:
        objects: heights and widths, (n, 2).
        strides: strides of the levels.
    """
    heights = _means(np.log(np.maximum(objects[:, 0], 1)), 2 * len(strides))
    low, high = np.quantile(objects[:, 1] / np.maximum(objects[:, 0], 1e-6), (0.25, 0.75))
    ratios = tuple(sorted({round(float(low), 2), round(float(high), 2)}))
    levels = tuple(
        (stride, tuple(heights[2 * i : 2 * i + 2]), ratios) for i, stride in enumerate(strides)
    )
    return Anchors(levels, _covered(objects, heights, ratios))


def _means(values: _Numbers, count: int) -> list[int]:
    """Return exponentials of the k-means centres, ascending; k-means starts from quantiles."""
    means = np.quantile(values, (np.arange(count) + 0.5) / count)
    means += np.arange(count) * 1e-6  # keep groups distinct if quantiles are equal
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
