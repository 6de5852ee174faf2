"""What an assisted search has learnt so far about predicting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

_SURE = 1.0 - 1e-9
"""A correlation beyond which transformed ones would be infinite."""


@dataclass(frozen=True)
class Insight:
    """Parameters of a predictor, and how far it can be trusted.

    Attributes:
        logs: logarithms of the kernel's parameters.
        fitted_on: how many scores there were when they were fitted.
        correlation: rank correlation of scores with what the others predict.
        cost_correlation: the same of cost alone, without its sign.
        compared: how many scores the correlations are of; no more than at the fit count.
    """

    logs: tuple[float, ...]
    fitted_on: int
    correlation: float
    cost_correlation: float
    compared: int

    @property
    def trusted(self) -> bool:
        """Whether predictions say more than the cost does, as far as so few scores can tell.

        Correlations are compared by Fisher's transformation, under which an estimate from n pairs
        has a standard error of 1 / sqrt(n - 3), whatever it is of (Fisher 1921, *On the "probable
        error" of a coefficient of correlation deduced from a small sample*). The predictor is
        told of the cost, so it takes more than one such error to give up on it.
        """
        error = np.sqrt(2.0 / max(self.compared - 3, 1))
        ours, of_cost = np.arctanh(np.minimum([self.correlation, self.cost_correlation], _SURE))
        return bool(ours > of_cost - error)

    def describe(self) -> str:
        """A line for the log."""
        used = "used" if self.trusted else "not used"
        return (
            f"predictor {used}: rank correlation with left-out scores {self.correlation:.2f}, "
            f"of cost alone {self.cost_correlation:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers; JSON keeps every float to the last bit."""
        return {**asdict(self), "logs": list(self.logs)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Insight:
        """What ``to_dict`` wrote."""
        compared = data.get("compared", data["fitted_on"])  # earlier versions have none
        return cls(**{**data, "logs": tuple(data["logs"]), "compared": compared})
