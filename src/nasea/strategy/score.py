"""What a true evaluation says of an architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nasea.strategy.problem import Genome


@dataclass(frozen=True)
class Score:
    """The outcome of one true evaluation: a quality, or the reason why there is none.

    Attributes:
        quality: finite, higher is better; ``None`` when the candidate failed.
        metric: what the user's metric returned, in its own direction; ``None`` when the candidate
            failed.
        failure: why the candidate failed; ``None`` when it did not.
    """

    quality: float | None
    metric: float | None
    failure: str | None = None

    def __post_init__(self) -> None:
        if (self.quality is None) == (self.failure is None):
            raise ValueError("a score has either a quality or a failure")
        if self.quality is None and self.metric is not None:
            raise ValueError("a failed candidate has no metric")
        if any(x is not None and not math.isfinite(x) for x in (self.quality, self.metric)):
            raise ValueError(f"a value that is not finite is a failure, found {self}")

    @classmethod
    def failed(cls, reason: str) -> Score:
        """The score of a candidate that could not be scored."""
        return cls(quality=None, metric=None, failure=reason)


Evaluate: TypeAlias = Callable[[Sequence[Genome]], Sequence[Score]]
"""Scores genomes truly: one score a genome, in their order."""
