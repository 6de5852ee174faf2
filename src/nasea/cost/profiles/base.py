"""What a latency profile is: something that prices a piece of a network on one processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nasea.cost.operators import Operator, Piece
from nasea.errors import NaseaError


@dataclass(frozen=True)
class Gap:
    """An operator that a profile cannot price.

    Attributes:
        operator: which one.
        reason: why not, e.g. ``not measured`` or ``beyond what was measured: 512 channels in``.
    """

    operator: Operator
    reason: str

    def __str__(self) -> str:
        origin = f" ({self.operator.name})" if self.operator.name else ""
        return f"{self.operator}{origin}: {self.reason}"


class UnpricedError(NaseaError):
    """A profile does not know what a piece costs.

    Args:
        gaps: the operators it cannot price, each with the reason.
        fix: how the profile comes to know them.
    """

    def __init__(self, gaps: Sequence[Gap], fix: str) -> None:
        super().__init__("; ".join(map(str, gaps)), fix=fix)
        self.gaps = tuple(gaps)


class Profile(Protocol):
    """How to price operators on one processor, at batch 1."""

    @property
    def name(self) -> str:
        """What ``processor_version`` calls it."""

    @property
    def digest(self) -> str:
        """Changes when any price changes."""

    @property
    def per_network_ms(self) -> float:
        """What a whole network costs beyond its pieces, milliseconds."""

    def describe(self) -> str:
        """One line: which processor, and how good the profile is known to be."""

    def latency_ms(self, piece: Piece) -> float:
        """Milliseconds that a piece adds to a network.

        Raises:
            UnpricedError: naming every operator of the piece that the profile cannot price.
        """
