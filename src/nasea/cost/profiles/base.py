"""What a latency profile is: something that prices a piece of a network on one processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nasea.cost.operators import Operator, Piece
from nasea.errors import NaseaError


@dataclass(frozen=True)
class Gap:
    """Something that a profile cannot price.

    Attributes:
        what: an operator or a piece, and where it stands.
        reason: why not, e.g. ``not measured`` or ``beyond what was measured: 512 channels in``.
    """

    what: str
    reason: str

    @classmethod
    def of(cls, operator: Operator, reason: str) -> Gap:
        """The gap that an operator makes."""
        origin = f" ({operator.name})" if operator.name else ""
        return cls(f"{operator}{origin}", reason)

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


class UnpricedError(NaseaError):
    """A profile does not know what a piece costs.

    Args:
        gaps: what it cannot price, each with the reason.
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

    def guesses(self, piece: Piece) -> list[str]:
        """What of a piece it prices beyond its measurements, each with the reason."""
