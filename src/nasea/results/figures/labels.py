"""Places small labels beside points without overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top

# Above-left first: a front that rises to the right leaves room there.
_DIRECTIONS: tuple[Point, ...] = (
    (-0.8, 0.8),
    (0.0, 1.0),
    (-1.0, 0.0),
    (0.8, -0.8),
    (0.0, -1.0),
    (1.0, 0.0),
    (0.8, 0.8),
    (-0.8, -0.8),
)
_RINGS = (1.0, 2.0, 3.0)


def place_labels(
    anchors: Sequence[Point], sizes: Sequence[Point], *, gap: float, radius: float
) -> list[Point]:
    """Choose a centre for the label of each anchor, greedily; all lengths share one unit.

    Args:
        anchors: the labelled points.
        sizes: width and height of each label.
        gap: free space between a point's edge and its label at the nearest position.
        radius: radius of the drawn points, which labels avoid too.

    Returns:
        One centre per anchor. If every position is taken, the one with the least overlap.
    """
    obstacles: list[Box] = [(x - radius, y - radius, x + radius, y + radius) for x, y in anchors]
    centres: list[Point] = []
    for (x, y), (width, height) in zip(anchors, sizes, strict=True):
        best: tuple[float, Point, Box] | None = None
        for ring, (right, up) in product(_RINGS, _DIRECTIONS):
            reach = radius + gap * ring
            centre = (x + right * (reach + width / 2), y + up * (reach + height / 2))
            box = _box(centre, width, height)
            covered = sum(_overlap(box, other) for other in obstacles)
            if best is None or covered < best[0]:
                best = (covered, centre, box)
            if covered == 0:
                break
        assert best is not None  # there is at least one position
        centres.append(best[1])
        obstacles.append(best[2])
    return centres


def _box(centre: Point, width: float, height: float) -> Box:
    x, y = centre
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _overlap(a: Box, b: Box) -> float:
    """Return the area of the intersection of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
