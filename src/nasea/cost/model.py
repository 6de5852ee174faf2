"""What an architecture costs: the whole network, PreNet and PostNet included.

Costs add up over layers, so a table (layer, candidate) -> cost answers for any architecture
without building it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nasea.cost.counts import Costs, count
from nasea.errors import NotAvailableError
from nasea.space import Genome, Space

ConstraintType = Literal["size", "flops", "latency"]

UNITS: dict[str, str] = {"size": "parameters", "flops": "FLOPs", "latency": "ms"}
"""Unit of each kind of constraint."""


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
        total = np.full(len(genomes), self.value(self.fixed), dtype=np.float64)
        for layer, costs in enumerate(self.layer_costs):
            total += costs[genomes[:, layer]]
        return total

    @property
    def layer_costs(self) -> tuple[npt.NDArray[np.float64], ...]:
        """For each layer, the constrained cost of each candidate."""
        return tuple(np.array([self.value(c) for c in row], dtype=np.float64) for row in self.table)

    def value(self, costs: Costs) -> float:
        """The cost that the constraint limits, in its unit."""
        if self.constraint_type == "size":
            return float(costs.parameters)
        if self.constraint_type == "flops":
            return float(costs.flops)
        assert costs.latency_ms is not None
        return costs.latency_ms

    @property
    def cheapest(self) -> Genome:
        """The architecture that costs least."""
        return self.space.canonical(tuple(int(np.argmin(row)) for row in self.layer_costs))

    @property
    def dearest(self) -> Genome:
        """The architecture that costs most."""
        return self.space.canonical(tuple(int(np.argmax(row)) for row in self.layer_costs))


def build_cost_model(
    space: Space, constraint_type: ConstraintType, ends: Sequence[Costs]
) -> CostModel:
    """Count every candidate of every layer once.

    Args:
        space: the space.
        constraint_type: which cost the budget limits.
        ends: what PreNet and PostNet cost, counted by the framework.

    Raises:
        NotAvailableError: ``latency``, until a latency profile can be read.
    """
    if constraint_type == "latency":
        raise NotAvailableError(
            "constraint_type latency needs a latency profile, which this version cannot read yet",
            fix="use constraint_type size or flops",
        )
    fixed = sum(ends, start=Costs(0, 0))
    table = tuple(
        tuple(count(candidate.program, layer.in_shape) for candidate in layer.candidates)
        for layer in space.layers
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
