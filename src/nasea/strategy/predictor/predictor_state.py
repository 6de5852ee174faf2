"""The state of a fitted predictor in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

_NEAR_ONE = 1.0 - 1e-9
"""A correlation beyond which transformed ones would be infinite."""


@dataclass(frozen=True)
class PredictorState:
    """Parameters of a predictor, and how well it ranks.

    Attributes:
        logs: logarithms of the kernel's parameters.
        fitted_on: how many scores there were when they were fitted.
        correlation: rank correlation of scores with their leave-one-out predictions.
        cost_correlation: rank correlation of scores with cost, without its sign.
        compared: how many scores the correlations are of; no more than at the fit count.
    """

    logs: tuple[float, ...]
    fitted_on: int
    correlation: float
    cost_correlation: float
    compared: int

    @property
    def trusted(self) -> bool:
        """Whether predictions rank better than the cost, as far as so few scores can tell.

        Correlations are compared by Fisher's transformation, under which an estimate from n pairs
        has a standard error of 1 / sqrt(n - 3) at any value (Fisher 1921, *On the "probable
        error" of a coefficient of correlation deduced from a small sample*). The predictor sees the
        cost too, so it takes more than one such error to give up on it.
        """
        error = np.sqrt(2.0 / max(self.compared - 3, 1))
        correlations = np.minimum([self.correlation, self.cost_correlation], _NEAR_ONE)
        own, of_cost = np.arctanh(correlations)
        return bool(own > of_cost - error)

    def describe(self) -> str:
        """Return a line for the log."""
        used = "used" if self.trusted else "not used"
        return (
            f"predictor {used}: rank correlation with left-out scores {self.correlation:.2f}, "
            f"of cost alone {self.cost_correlation:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers; JSON keeps every float to the last bit."""
        return {**asdict(self), "logs": list(self.logs)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PredictorState:
        """Return what ``to_dict`` wrote."""
        compared = data.get("compared", data["fitted_on"])  # earlier versions have none
        return cls(**{**data, "logs": tuple(data["logs"]), "compared": compared})
