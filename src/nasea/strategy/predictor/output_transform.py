"""The scale on which a predictor sees quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasea.strategy.problem import FloatArray

_MARGIN = 1.0
"""How far above the best quality the scale ends, in spreads between the median and the best."""


@dataclass(frozen=True)
class OutputTransform:
    """Maps quality to -log(ceiling - quality), standardised: the target of the predictor.

    Networks differ in tenths of a percent near the best and in tens of percents far from it. On
    this scale both are steps of like size, which one stationary model can follow. Increasing.

    Attributes:
        ceiling: a quality beyond the best seen.
        centre: mean of log(ceiling - quality).
        spread: its standard deviation.
    """

    ceiling: float
    centre: float
    spread: float

    @classmethod
    def fit(cls, qualities: FloatArray) -> OutputTransform:
        """Fit the scale to qualities, shape (n,); n at least 1."""
        best = float(qualities.max())
        margin = _MARGIN * (best - float(np.median(qualities)))
        # Where all are alike any margin will do, if it can be added to the best at all.
        ceiling = best + (margin or max(1e-3, 1e-3 * abs(best)))
        lacking = np.log(ceiling - qualities)
        return cls(ceiling, float(lacking.mean()), float(lacking.std()) or 1.0)

    def apply(self, qualities: FloatArray) -> FloatArray:
        """Map qualities below the ceiling to targets, any shape."""
        targets: FloatArray = (self.centre - np.log(self.ceiling - qualities)) / self.spread
        return targets

    def invert(self, targets: FloatArray) -> FloatArray:
        """Map targets to qualities, any shape."""
        qualities: FloatArray = self.ceiling - np.exp(self.centre - self.spread * targets)
        return qualities
