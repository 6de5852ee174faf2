"""How the supernet of a search was trained, and how well it separates architectures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nasea.pipeline.search.separation import ENOUGH, Separation
from nasea.results.front import Separated


@dataclass(frozen=True)
class Background:
    """What results tell about the run beside the search itself.

    Attributes:
        notes: warnings.
        losses: mean training loss of the supernet in each epoch; ``None`` where it is unknown.
        separation: whether scores tell architectures apart; ``None`` if it could not be measured.
        supernet: digest of the checkpoint with its weights.
    """

    notes: tuple[str, ...] = ()
    losses: tuple[float | None, ...] = ()
    separation: Separation | None = None
    supernet: str = ""

    @property
    def separated(self) -> Separated | None:
        """The separation as results store it."""
        found = self.separation
        if found is None:
            return None
        ratio = found.ratio if math.isfinite(found.ratio) else None
        return Separated(ratio, ENOUGH, found.noise)
