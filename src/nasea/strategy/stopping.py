"""Decides when to end a search: when further gains are within the noise of its scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nasea.strategy.archive import Archive, Record
from nasea.strategy.pareto import HypervolumeReference, hypervolume
from nasea.strategy.state import SearchState

_LUCK = 0.3
"""Gain of the best of many equals, in standard deviations of a score, when their number doubles.

Expected maxima of normal distributions: 0.33 from 10 to 20 of them, 0.26 from 50 to 100."""

_LEAST_SCORES = 200
_LEAST_GENERATIONS = 4
"""A search is not ended for lack of progress before these, unless requested."""

_ROUNDING = 1e-9
"""A gain below this share of the hypervolume is rounding, not progress."""


@dataclass(frozen=True)
class Patience:
    """How long a search continues without progress.

    Attributes:
        generations: number of generations; ``None`` for as many as it took to reach the present
            front, once there are enough scores; 0 for ever.
        noise: standard deviation of the scores of the front, in units of quality; ``None`` if
            unknown: then any gain is progress, and ``generations`` of ``None`` means for ever.
    """

    generations: int | None = None
    noise: float | None = None

    def __post_init__(self) -> None:
        if self.generations is not None and self.generations < 0:
            raise ValueError(f"generations must be at least 0, found {self.generations}")

    def exhausted(self, archive: Archive, state: SearchState, budget: float) -> str | None:
        """Return why the search should end after a generation, in a sentence; else ``None``.

        The front of everything is compared with that of an earlier generation, both as the scores
        are known today: a lucky score of then that was corrected since is no lack of progress.
        """
        earlier = self._earlier(len(archive), state.generation)
        if earlier is None or earlier < max(state.patient_from, 1) or state.reference is None:
            return None
        before = Archive(tuple(one for one in archive if one.generation < earlier))
        volume = front_volume(archive, budget, state.reference)
        gain = volume - front_volume(before, budget, state.reference)
        doublings = math.log2(len(archive) / len(before))
        luck = _LUCK * (self.noise or 0.0) * doublings
        if gain > max(luck, _ROUNDING * volume):
            return None
        return (
            f"the last {len(archive) - len(before):,} of {len(archive):,} scores raised the "
            f"hypervolume by {gain:.2g}, which is no more than luck"
            + (f" ({luck:.2g}: scores are good to ±{self.noise:.2g})" if self.noise else "")
        )

    def _earlier(self, scored: int, generation: int) -> int | None:
        """Return the generation since which progress is required; ``None`` while there is none."""
        if self.generations is not None:
            return generation - self.generations if self.generations else None
        if self.noise is None or scored < _LEAST_SCORES or generation < _LEAST_GENERATIONS:
            return None
        return generation // 2


def front_volume(archive: Archive, budget: float, reference: HypervolumeReference) -> float:
    """Return the hypervolume of the front of an archive."""
    return volume_of(archive.front(budget), reference)


def volume_of(front: list[Record], reference: HypervolumeReference) -> float:
    """Return the hypervolume of records that were scored."""
    return hypervolume(
        np.array([(record.cost, *record.further_costs) for record in front]),
        np.array([record.score.quality for record in front], dtype=np.float64),
        reference,
    )
