"""The scale on which a predictor sees quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasea.search.problem import FloatArray

_MARGIN = 1.0
"""How far above the best quality the scale ends, in spreads between the median and the best."""

_MARGIN_BELOW = 0.3
"""How far below the worst quality it ends, in spreads between the worst and the best."""


@dataclass(frozen=True)
class Warp:
    """Quality as the logarithm of what it has over what it lacks, standardised: its *merit*.

    Networks differ in tenths of a percent near the best and in tens of percents far from it; and
    those that learn nothing are all alike at the level of chance. On a scale that is stretched
    at both ends, these are steps of like size, which one stationary model can follow. Increasing:
    more merit is more quality.

    Attributes:
        floor: a quality below the worst seen.
        ceiling: a quality beyond the best seen.
        centre: mean of log((quality - floor) / (ceiling - quality)).
        spread: its standard deviation.
    """

    floor: float
    ceiling: float
    centre: float
    spread: float

    @classmethod
    def of(cls, qualities: FloatArray) -> Warp:
        """The scale for these qualities, shape (n,); n at least 1."""
        worst, best = float(qualities.min()), float(qualities.max())
        # Where all are alike any margin will do, if it can be added to the best at all.
        least = max(1e-3, 1e-3 * abs(best))
        ceiling = best + (_MARGIN * (best - float(np.median(qualities))) or least)
        floor = worst - (_MARGIN_BELOW * (best - worst) or least)
        odds = np.log((qualities - floor) / (ceiling - qualities))
        return cls(floor, ceiling, float(odds.mean()), float(odds.std()) or 1.0)

    def merit(self, qualities: FloatArray) -> FloatArray:
        """Of qualities between floor and ceiling, any shape."""
        odds = np.log((qualities - self.floor) / (self.ceiling - qualities))
        merits: FloatArray = (odds - self.centre) / self.spread
        return merits

    def quality(self, merits: FloatArray) -> FloatArray:
        """The inverse of :meth:`merit`."""
        odds = np.exp(-self.centre - self.spread * merits)
        qualities: FloatArray = self.floor + (self.ceiling - self.floor) / (1.0 + odds)
        return qualities
