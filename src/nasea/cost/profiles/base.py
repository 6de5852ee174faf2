"""The protocol of latency profiles, which price subgraphs of a network on one processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nasea.cost.operators import Operator, Subgraph
from nasea.errors import NaseaError


@dataclass(frozen=True)
class Gap:
    """Something that a profile cannot price.

    Attributes:
        what: an operator or a subgraph, and its position.
        reason: the reason, e.g. ``not measured`` or ``beyond what was measured: 512 channels in``.
    """

    what: str
    reason: str

    @classmethod
    def of(cls, operator: Operator, reason: str) -> Gap:
        """Return the gap for an operator."""
        origin = f" ({operator.name})" if operator.name else ""
        return cls(f"{operator}{origin}", reason)

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


class UnpricedError(NaseaError):
    """Raised when a profile cannot price a subgraph.

    Args:
        gaps: the parts that it cannot price, each with the reason.
        fix: how to add the missing prices to the profile.
    """

    def __init__(self, gaps: Sequence[Gap], fix: str) -> None:
        super().__init__("; ".join(map(str, gaps)), fix=fix)
        self.gaps = tuple(gaps)


class Profile(Protocol):
    """Prices of operators on one processor, at batch size 1."""

    @property
    def name(self) -> str:
        """Name in ``processor_version``."""

    @property
    def digest(self) -> str:
        """Digest that changes if any price changes."""

    @property
    def per_network_ms(self) -> float:
        """Milliseconds of a whole network in addition to its subgraphs."""

    def describe(self) -> str:
        """Return one line: the processor, and the known accuracy of the profile."""

    def latency_ms(self, subgraph: Subgraph) -> float:
        """Return the milliseconds that a subgraph adds to a network.

        Raises:
            UnpricedError: the profile cannot price some operators of the subgraph; it names them
                all.
        """

    def guesses(self, subgraph: Subgraph) -> list[str]:
        """Return the parts of a subgraph's price that are extrapolated, each with the reason."""
