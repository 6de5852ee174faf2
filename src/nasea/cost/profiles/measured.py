"""A processor measured piece by piece: every block of a space timed alone, whole networks beside.

A block alone takes longer than in a network, by what a session adds to one run; and a network has
what no block has. Three numbers, fitted to some whole networks, say how much:

    network = constant + sum over pieces of (factor × alone - session)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nasea.cost.operators import Piece
from nasea.cost.profiles.base import Gap, UnpricedError

_LEAST_SHARE = 0.05
"""No piece is priced below this share of its time alone."""


@dataclass(frozen=True)
class Calibration:
    """From times alone to times in a network; milliseconds.

    Attributes:
        constant: of every network.
        factor: on every time alone.
        session: what a session adds to a piece that runs alone.
    """

    constant: float
    factor: float
    session: float

    def price(self, alone_ms: float) -> float:
        """What a piece adds to a network."""
        return max(self.factor * alone_ms - self.session, _LEAST_SHARE * alone_ms)


def calibrate(
    alone: Sequence[Sequence[float]], whole: Sequence[float], session: float
) -> Calibration:
    """Fit the three numbers by least squares of the relative error.

    They are held near (0, 1, ``session``) as far as the networks do not tell them apart, as where
    all have the same number of pieces.

    Args:
        alone: for each network the times alone of its pieces, milliseconds.
        whole: the time of each network, milliseconds.
        session: what a run of nothing takes, milliseconds.
    """
    times = np.array(whole)
    rows = np.array([(1.0, sum(pieces), -float(len(pieces))) for pieces in alone])
    expected = np.array([0.0, 1.0, session])
    likely = np.array([0.2 * times.mean(), 0.2, max(3 * session, 0.02)])
    noise = 0.01
    system = np.vstack([rows / times[:, None] / noise, np.diag(1 / likely)])
    target = np.concatenate([np.full(len(times), 1 / noise), expected / likely])
    _, factor, per_piece = np.linalg.lstsq(system, target, rcond=None)[0]
    found = Calibration(0.0, float(factor), float(per_piece))
    # What the least share of small pieces adds comes off again here.
    rest = times - np.array([sum(map(found.price, pieces)) for pieces in alone])
    return replace(found, constant=float(np.average(rest, weights=times**-2.0)))


@dataclass(frozen=True)
class MeasuredPiece:
    """One row of the table.

    Attributes:
        key: the piece, see :attr:`nasea.cost.operators.Piece.key`.
        label: where it was first met.
        alone_ms: timed alone.
        spread: (slowest - fastest) / fastest of its best rounds.
        ms: what it adds to a network.
    """

    key: str
    label: str
    alone_ms: float
    spread: float
    ms: float

    def __post_init__(self) -> None:
        if not (self.alone_ms > 0 and self.ms > 0):
            raise ValueError(f"{self.label}: a time must be > 0 ms")


@dataclass(frozen=True)
class MeasuredProfile:
    """See :class:`nasea.cost.profiles.base.Profile`.

    Attributes:
        name: what ``processor_version`` calls it.
        processor: the machine.
        runtime: name and version of what ran the pieces.
        created: ISO 8601 date.
        command: what makes it again.
        per_network_ms: the calibration's constant.
        quality: how far predictions are from whole networks, in words.
        rows: every piece measured.
    """

    name: str
    processor: str
    runtime: str
    created: str
    command: str
    per_network_ms: float
    quality: str
    rows: tuple[MeasuredPiece, ...]

    @cached_property
    def _by_key(self) -> dict[str, float]:
        return {row.key: row.ms for row in self.rows}

    @cached_property
    def digest(self) -> str:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        content = repr((self.per_network_ms, sorted(self._by_key.items())))
        return hashlib.sha256(content.encode()).hexdigest()

    def describe(self) -> str:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        return (
            f"{self.name} ({self.processor}, {self.runtime}), measured on {self.created[:10]}; "
            f"{self.quality}"
        )

    def latency_ms(self, piece: Piece) -> float:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        if not piece.operators:
            return 0.0
        ms = self._by_key.get(piece.key)
        if ms is None:
            shapes = f"{'x'.join(map(str, piece.operators[0].in_shape))} in"
            gap = Gap(f"{piece.label} ({shapes})", "not measured; the table is of another space")
            raise UnpricedError([gap], f"measure this scenario's space: {self.command}")
        return ms

    def guesses(self, piece: Piece) -> list[str]:
        """None: see :class:`nasea.cost.profiles.base.Profile`."""
        return []
