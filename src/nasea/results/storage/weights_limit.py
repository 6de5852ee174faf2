"""Which networks of a front get a weights file when the results are written."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from nasea.errors import ResultsError
from nasea.results.front import Front, FrontMember
from nasea.results.recommend import recommend

_USUAL = 4 * 1024**3
_SHARE_OF_DISK = 0.5
_BYTES = 4
"""Of a parameter in a weights file; statistics come on top, and are few."""


class WeightsRoom:
    """The room that is left for weights files.

    Args:
        folder: an existing folder on the disk of the results.
        limit: bytes that they may take; ``None`` for 4 GiB, and no more than half of the free disk,
            but for one file: where not even that fits, the user must hear of a full disk.
    """

    def __init__(self, folder: Path, limit: int | None) -> None:
        self._one_at_least = limit is None
        if limit is None:
            limit = min(_USUAL, int(_SHARE_OF_DISK * shutil.disk_usage(folder).free))
        self.limit = limit
        self.taken = 0

    def has_room(self, member: FrontMember) -> bool:
        """Return whether the weights of a network still fit."""
        if self._one_at_least and self.taken == 0:
            return True
        return self.taken + _BYTES * member.parameters <= self.limit

    def take(self, file: Path) -> None:
        """Count a file that was written."""
        self.taken += file.stat().st_size


def by_need(front: Front) -> list[FrontMember]:
    """Return the members, first those that users take first, then what lies farthest from them.

    These are the recommended ones, the most accurate, the most expensive and the cheapest one.
    What follows each time halves the widest gap, so that any number of files spreads over the
    whole front.
    """
    order = sorted(front, key=front.cost_of)
    place = {member.number: n for n, member in enumerate(order)}
    try:
        wanted = [member for _, member in recommend(front, None)]
    except ResultsError:  # no member is within the budget of the scenario
        wanted = []
    first = [*wanted, front.best, order[-1], order[0]]
    chosen = list(dict.fromkeys(place[member.number] for member in first))
    while len(chosen) < len(order):
        chosen.append(_farthest(chosen, len(order)))
    return [order[n] for n in chosen]


def _farthest(chosen: Sequence[int], count: int) -> int:
    """Return the place in the middle of the widest gap between places, both ends being chosen."""
    places = sorted(chosen)
    gaps = [(high - low, -low) for low, high in zip(places, places[1:], strict=False)]
    width, low = max(gaps)
    return -low + width // 2


def unwritten_words(front: Front, unwritten: Sequence[int], limit: int) -> str:
    """Return what to tell about networks without weights files."""
    size = _gib(_BYTES * sum(front[number].parameters for number in unwritten))
    return (
        f"{len(unwritten)} of {len(front)} networks have no weights file yet: theirs would take "
        f"another {size}, beyond the limit of {_gib(limit)} (resource.weights_limit). nasea export "
        "and nasea retrain write the file that they need; nasea weights --arch N writes it by "
        "itself, as long as checkpoint/ is there"
    )


def _gib(size: float) -> str:
    return f"{size / 1024**3:,.3g} GiB"
