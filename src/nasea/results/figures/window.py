"""The part of the cost-accuracy plane that figures show: the front, and a little around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nasea.results.figures.axes import CostAxis
from nasea.results.front.data import FrontData

_MARGIN = 0.06
# Candidates are shown down to this many heights of the front below it. Showing worse ones would
# squeeze the front into a line.
_BELOW = 0.8
# A budget beyond this multiple of the most expensive member is stated, not drawn.
_BUDGET_REACH = 1.5


@dataclass(frozen=True)
class Window:
    """A rectangle of raw costs (left to right) and accuracies (bottom to top)."""

    left: float
    right: float
    bottom: float
    top: float

    def holds(self, cost: float, accuracy: float) -> bool:
        """Return whether a point is inside, edges included."""
        return self.left <= cost <= self.right and self.bottom <= accuracy <= self.top


def front_window(front: FrontData, axis: CostAxis) -> Window:
    """Return the window that shows the whole front, its budget, and candidates close below it."""
    budget = axis.budget
    costs = list(axis.members) or [cost for cost, *_ in axis.scored]
    heights = [member.accuracy for member in front] or [accuracy for _, accuracy, *_ in axis.scored]
    if not costs:
        return Window(0.0, (budget or 1.0) * (1 + _MARGIN), 0.0, 1.0)

    left, right = min(costs), max(costs)
    if budget is not None and budget <= right * _BUDGET_REACH:
        right = max(right, budget)
    right = right if right > left else left * 1.1 or 1.0
    x_margin = (right - left) * _MARGIN

    low, top = min(heights), max(heights)
    height = top - low or abs(top) * 0.05 or 0.05
    near = [
        accuracy
        for cost, accuracy, *_ in axis.scored
        if left - x_margin <= cost <= right + x_margin and accuracy >= low - _BELOW * height
    ]
    bottom = min([low, *near])
    top = max([top, *near])
    y_margin = (top - bottom or height) * _MARGIN * 1.6
    return Window(left - x_margin, right + x_margin, bottom - y_margin, top + y_margin)


def window_with(window: Window, points: Sequence[tuple[Any, ...]]) -> Window:
    """Return the smallest window that shows another one and points (cost, accuracy, half, ...).

    The points have vertical intervals of twice ``half``.
    """
    costs = [window.left, window.right, *(point[0] for point in points)]
    heights = [window.bottom, window.top]
    heights += [point[1] + side * point[2] for point in points for side in (-1, 1)]
    x_margin = (max(costs) - min(costs)) * _MARGIN / 2
    y_margin = (max(heights) - min(heights)) * _MARGIN / 2
    return Window(
        min(costs) - x_margin, max(costs) + x_margin,
        min(heights) - y_margin, max(heights) + y_margin,
    )  # fmt: skip


def whole_window(front: FrontData, axis: CostAxis) -> Window:
    """Return the window that shows every scored candidate, the front and the budget."""
    near = front_window(front, axis)
    limits = [] if axis.budget is None else [axis.budget]
    costs = [*limits, *(cost for cost, *_ in axis.scored)]
    heights = [accuracy for _, accuracy, *_ in axis.scored]
    left, right = min([near.left, *costs]), max([near.right, *costs])
    bottom, top = min([near.bottom, *heights]), max([near.top, *heights])
    x_margin, y_margin = (right - left) * _MARGIN / 2, (top - bottom) * _MARGIN / 2
    return Window(left - x_margin, right + x_margin, bottom - y_margin, top + y_margin)
