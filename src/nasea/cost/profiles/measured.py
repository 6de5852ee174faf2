"""A profile from measured subgraphs: every block is timed in isolation, some networks as a whole.

An isolated block takes longer than the same block in a network, since each run has the overhead of
a session. A network also takes time that belongs to no block. Three numbers, fitted to the whole
networks, account for both:

    network = constant + sum over subgraphs of (factor × isolated time - session)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nasea.cost.operators import Subgraph
from nasea.cost.profiles.base import Gap, UnpricedError

_LEAST_SHARE = 0.05
"""A subgraph costs at least this share of its isolated time."""


@dataclass(frozen=True)
class Calibration:
    """A conversion of isolated times to times in a network; milliseconds.

    Attributes:
        constant: time that every network takes.
        factor: applied to every isolated time.
        session: overhead of a session, which every isolated time includes.
    """

    constant: float
    factor: float
    session: float

    def price(self, isolated_ms: float) -> float:
        """Return the time that a subgraph adds to a network."""
        return max(self.factor * isolated_ms - self.session, _LEAST_SHARE * isolated_ms)


def calibrate(
    isolated: Sequence[Sequence[float]], whole: Sequence[float], session: float
) -> Calibration:
    """Fit the three numbers by least squares of the relative error.

    A prior keeps them near (0, 1, ``session``) where the networks do not determine them, for
    example when all networks have the same number of subgraphs.

    Args:
        isolated: for each network, the isolated times of its subgraphs, milliseconds.
        whole: the time of each network, milliseconds.
        session: time to run an empty model, milliseconds.
    """
    times = np.array(whole)
    rows = np.array([(1.0, sum(subgraphs), -float(len(subgraphs))) for subgraphs in isolated])
    expected = np.array([0.0, 1.0, session])
    likely = np.array([0.2 * times.mean(), 0.2, max(3 * session, 0.02)])
    noise = 0.01
    system = np.vstack([rows / times[:, None] / noise, np.diag(1 / likely)])
    target = np.concatenate([np.full(len(times), 1 / noise), expected / likely])
    _, factor, per_subgraph = np.linalg.lstsq(system, target, rcond=None)[0]
    found = Calibration(0.0, float(factor), float(per_subgraph))
    # The constant compensates for the minimum share of small subgraphs.
    rest = times - np.array([sum(map(found.price, subgraphs)) for subgraphs in isolated])
    return replace(found, constant=float(np.average(rest, weights=times**-2.0)))


@dataclass(frozen=True)
class MeasuredSubgraph:
    """One row of the table.

    Attributes:
        key: the subgraph, see :attr:`nasea.cost.operators.Subgraph.key`.
        label: the place where it first occurs.
        alone_ms: isolated time.
        spread: (slowest - fastest) / fastest of its best rounds.
        ms: the time that it adds to a network.
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
        name: its name in ``processor_version``.
        processor: the machine.
        runtime: name and version of the runtime that ran the subgraphs.
        created: ISO 8601 date.
        command: the command that reproduces it.
        per_network_ms: the calibration's constant.
        quality: the error of predictions for whole networks, in words.
        rows: all measured subgraphs.
    """

    name: str
    processor: str
    runtime: str
    created: str
    command: str
    per_network_ms: float
    quality: str
    rows: tuple[MeasuredSubgraph, ...]

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

    def latency_ms(self, subgraph: Subgraph) -> float:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        if not subgraph.operators:
            return 0.0
        ms = self._by_key.get(subgraph.key)
        if ms is None:
            shapes = f"{'x'.join(map(str, subgraph.operators[0].in_shape))} in"
            gap = Gap(f"{subgraph.label} ({shapes})", "not measured; the table is of another space")
            raise UnpricedError([gap], f"measure this scenario's space: {self.command}")
        return ms

    def guesses(self, subgraph: Subgraph) -> list[str]:
        """Return nothing; see :class:`nasea.cost.profiles.base.Profile`."""
        return []
