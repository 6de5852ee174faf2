"""Strides for a body whose owner gave none."""

from __future__ import annotations

import math

from nasea.terms import TASKS, Task

_LEAST = 4
"""Pixels that the last feature map should have on its shorter side."""

_PRE_NET = 2
"""What PreNet is taken to divide the resolution by: it is not known before it is built."""


def spread_strides(task: Task, layers: int, height: int, width: int) -> tuple[int, ...]:
    """Halve the resolution at even distances, as often as the task's classic default does at most.

    Fewer times where the last feature map would have less than 4 pixels on a side, behind a PreNet
    that halves once.

    >>> spread_strides("classification", 6, 32, 32)
    (1, 1, 2, 1, 2, 1)

    Args:
        task: of the network.
        layers: how many are searched.
        height: of the input, in pixels.
        width: of the input, in pixels.
    """
    room = max(0, int(math.log2(max(1, min(height, width) / _PRE_NET / _LEAST))))
    halvings = min(TASKS[task].strides.count(2), room, (layers - 1) // 2)
    places = {round(i * layers / (halvings + 1)) for i in range(1, halvings + 1)}
    return tuple(2 if layer in places else 1 for layer in range(layers))
