"""What an architecture costs: the whole network, PreNet and PostNet included.

Costs add up over layers, so a table (layer, candidate) -> cost answers for any architecture
without building it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from nasea.cost.counts import Costs, count
from nasea.cost.operators import Piece
from nasea.cost.pricing import price_space
from nasea.cost.profiles.base import Profile
from nasea.space import Genome, Space

ConstraintType = Literal["size", "flops", "latency"]

UNITS: dict[str, str] = {"size": "parameters", "flops": "FLOPs", "latency": "ms"}
"""Unit of each kind of constraint."""

COUNTED: tuple[ConstraintType, ...] = ("size", "flops")
"""Kinds that every architecture has, whether or not a budget asks for them."""


@dataclass(frozen=True)
class CostModel:
    """Costs of every architecture of a space.

    Attributes:
        space: the space.
        constraint_type: which cost the budget limits.
        fixed: what PreNet and PostNet cost together.
        table: ``table[layer][candidate]``.
    """

    space: Space
    constraint_type: ConstraintType
    fixed: Costs
    table: tuple[tuple[Costs, ...], ...]

    def costs(self, genome: Genome) -> Costs:
        """All costs of one network."""
        total = self.fixed
        for row, gene in zip(self.table, genome, strict=True):
            total += row[gene]
        return total

    def __call__(self, genomes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The constrained cost of each network: (n, layers) genomes -> (n,) costs."""
        return self.many(self.constraint_type, genomes)

    def many(self, kind: ConstraintType, genomes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The cost of one kind of each network: (n, layers) genomes -> (n,) costs."""
        total = np.full(len(genomes), cost_of_kind(self.fixed, kind), dtype=np.float64)
        for layer, costs in enumerate(self.layer_costs_of(kind)):
            total += costs[genomes[:, layer]]
        return total

    @property
    def layer_costs(self) -> tuple[npt.NDArray[np.float64], ...]:
        """For each layer, the constrained cost of each candidate."""
        return self.layer_costs_of(self.constraint_type)

    def cheapest_of(self, kind: ConstraintType) -> float:
        """The least that an architecture costs of one kind."""
        fixed = cost_of_kind(self.fixed, kind)
        return fixed + sum(float(row.min()) for row in self.layer_costs_of(kind))

    def dearest_of(self, kind: ConstraintType) -> float:
        """The most that an architecture costs of one kind."""
        fixed = cost_of_kind(self.fixed, kind)
        return fixed + sum(float(row.max()) for row in self.layer_costs_of(kind))

    def layer_costs_of(self, kind: ConstraintType) -> tuple[npt.NDArray[np.float64], ...]:
        """For each layer, the cost of one kind of each candidate."""
        return tuple(
            np.array([cost_of_kind(c, kind) for c in row], dtype=np.float64) for row in self.table
        )

    def value(self, costs: Costs) -> float:
        """The cost that the constraint limits, in its unit."""
        return cost_of_kind(costs, self.constraint_type)

    @property
    def cheapest(self) -> Genome:
        """The architecture that costs least."""
        return self.space.canonical(tuple(int(np.argmin(row)) for row in self.layer_costs))

    @property
    def dearest(self) -> Genome:
        """The architecture that costs most."""
        return self.space.canonical(tuple(int(np.argmax(row)) for row in self.layer_costs))


def cost_of_kind(costs: Costs, kind: ConstraintType) -> float:
    """One of the costs: parameters, FLOPs or, where it is known, milliseconds."""
    if kind == "size":
        return float(costs.parameters)
    if kind == "flops":
        return float(costs.flops)
    assert costs.latency_ms is not None
    return costs.latency_ms


def build_cost_model(
    space: Space,
    constraint_type: ConstraintType,
    ends: Sequence[Costs],
    profile: Profile | None = None,
    end_pieces: Sequence[Piece] = (),
) -> CostModel:
    """Count every candidate of every layer once.

    Args:
        space: the space.
        constraint_type: which cost the budget limits.
        ends: what PreNet and PostNet cost, counted by the framework.
        profile: prices latency; without one it stays unknown.
        end_pieces: what PreNet and PostNet run, for the profile.

    Raises:
        LatencyError: naming every operator that the profile cannot price.
    """
    fixed = sum(ends, start=Costs(0, 0))
    table = tuple(
        tuple(count(candidate.program, layer.in_shape) for candidate in layer.candidates)
        for layer in space.layers
    )
    if profile is not None:
        prices = price_space(profile, space, end_pieces)
        fixed = replace(fixed, latency_ms=prices.fixed_ms)
        table = tuple(
            tuple(replace(c, latency_ms=ms) for c, ms in zip(row, latencies, strict=True))
            for row, latencies in zip(table, prices.layers_ms, strict=True)
        )
    return CostModel(space, constraint_type, fixed, table)


def format_cost(value: float, constraint_type: str) -> str:
    """A cost for people, e.g. ``2.31 M parameters``, ``340 M FLOPs``, ``12.4 ms``."""
    # Rounded before the prefix is chosen, or 999 999 would print as 1e+03 k.
    value = float(f"{value:.3g}")
    if constraint_type != "latency":
        for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= factor:
                return f"{value / factor:g} {prefix} {UNITS[constraint_type]}"
    return f"{value:g} {UNITS[constraint_type]}"
