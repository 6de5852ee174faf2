"""Formats costs for display: a unit and one scale for a whole axis or column."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nasea.terms import COSTS, CostKind

ACCURACY_TITLES = {"float": "accuracy", "int8": "int8 accuracy"}
"""What an accuracy is called, by what it was measured on."""

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Unit:
    """A quantity and the scale of its displayed values.

    Attributes:
        quantity: the quantity.
        noun: its name in running text, e.g. ``parameters``.
        symbol: printed after a number, e.g. ``M`` or ``ms``; may be empty.
        scale: a shown number is the raw value divided by this.
        decimals: digits after the point, the same for a whole column.
    """

    quantity: CostKind
    noun: str
    symbol: str
    scale: float
    decimals: int

    @property
    def title(self) -> str:
        """Name and unit for an axis or a column, e.g. ``parameters (M)``."""
        return f"{self.noun} ({self.symbol})" if self.symbol else self.noun

    def number(self, value: float) -> str:
        """Format ``value`` at this scale, without the unit: ``2.310``."""
        return f"{value / self.scale:.{self.decimals}f}"

    def text(self, value: float) -> str:
        """Format ``value`` at this scale, with the unit: ``2.310 M``."""
        return f"{self.number(value)} {self.symbol}".rstrip()

    def phrase(self, value: float) -> str:
        """Format ``value`` for running text: ``2.310 M parameters``, ``7.500 ms``."""
        return self.text(value) if self.quantity == "latency" else f"{self.text(value)} {self.noun}"


def unit_for(quantity: CostKind, values: Iterable[float]) -> Unit:
    """Return the unit that shows the largest of ``values`` (raw: counts, or ms) in four digits."""
    largest = max(values, default=0.0)
    if quantity == "latency":
        scale, symbol = 1.0, "ms"
    else:
        scale, symbol = next((p for p in _PREFIXES if largest >= p[0]), (1.0, ""))
    digits_before = len(str(int(largest / scale)))
    decimals = max(4 - digits_before, 0) if symbol else 0  # bare counts are whole
    return Unit(quantity, COSTS[quantity].noun, symbol, scale, decimals)


def four_digits(value: float) -> str:
    """Format ``value`` with four significant digits, without exponent: ``0.0231``, ``2310``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = 3 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(max(decimals, 0), 6)}f}"
