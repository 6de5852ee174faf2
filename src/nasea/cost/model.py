"""What an architecture costs: the whole network, PreNet and PostNet included.

Costs add up over layers, so a table (layer, candidate) -> cost answers for any architecture
without building it. Where widths are searched, what a layer costs depends on those of its two
sides, and there is a row for every pair of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nasea.cost.counts import Costs, count
from nasea.cost.operators import Subgraph
from nasea.cost.pricing import price_space
from nasea.cost.profiles.base import Profile
from nasea.space import Genome, Layer, Space
from nasea.terms import COSTS, CostKind, cost_of_kind

COUNTED = tuple(kind for kind, terms in COSTS.items() if terms.always_known)
"""Kinds that every architecture has, whether or not a budget asks for them."""


@dataclass(frozen=True)
class CostModel:
    """Costs of every architecture of a space.

    Attributes:
        space: the space.
        constraint_type: which cost the budget limits.
        fixed: what PreNet and PostNet cost together.
        table: a row for each of ``space.every_layer``, with the costs of its candidates.
    """

    space: Space
    constraint_type: CostKind
    fixed: Costs
    table: tuple[tuple[Costs, ...], ...]

    def costs(self, genome: Genome) -> Costs:
        """Return all costs of one network."""
        total = self.fixed
        for layer, gene in self.space.path(genome):
            total += self.of_layer(layer)[gene]
        return total

    def of_layer(self, layer: Layer) -> tuple[Costs, ...]:
        """Return the costs of the candidates of a layer, at its widths."""
        return self._rows[layer.key]

    def __call__(self, genomes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the constrained cost of each network: (n, genes) genomes -> (n,) costs."""
        return self.many(self.constraint_type, genomes)

    def many(self, kind: CostKind, genomes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the cost of one kind of each network: (n, genes) genomes -> (n,) costs."""
        total = np.full(len(genomes), cost_of_kind(self.fixed, kind), dtype=np.float64)
        before = np.zeros(len(genomes), dtype=np.int64)
        for layer, costs in enumerate(self.layer_costs_of(kind)):
            if costs.ndim == 1:
                total += costs[genomes[:, layer]]
                continue
            behind = genomes[:, len(self.space.layers)]
            total += costs[before, behind, genomes[:, layer]]
            before = behind
        return total

    @property
    def layer_costs(self) -> tuple[npt.NDArray[np.float64], ...]:
        """See :meth:`layer_costs_of`, of the constrained cost."""
        return self.layer_costs_of(self.constraint_type)

    def cheapest_of(self, kind: CostKind) -> float:
        """Return the least that an architecture costs of one kind."""
        return self._extreme(kind, 1.0)[1]

    def most_expensive_of(self, kind: CostKind) -> float:
        """Return the most that an architecture costs of one kind."""
        return self._extreme(kind, -1.0)[1]

    def cheapest_in(self, trunk: int) -> float:
        """Return the least that an architecture with one of the trunks costs."""
        return self._extreme(self.constraint_type, 1.0, self.layer_costs_in(trunk))[1]

    def layer_costs_in(self, trunk: int) -> tuple[npt.NDArray[np.float64], ...]:
        """:attr:`layer_costs`, infinite in every other trunk."""
        arrays = tuple(costs.copy() for costs in self.layer_costs)
        for costs in arrays:
            costs[:, np.arange(costs.shape[1]) != trunk] = np.inf
        return arrays

    def layer_costs_of(self, kind: CostKind) -> tuple[npt.NDArray[np.float64], ...]:
        """For each layer, the cost of one kind of each candidate.

        Returns:
            Arrays of shape (candidates,); where widths are searched (trunks before, trunks behind,
            candidates), infinite where the two differ; before the first layer there is one.
        """
        if kind not in self._arrays:
            self._arrays[kind] = self._layer_arrays(kind)
        return self._arrays[kind]

    def value(self, costs: Costs) -> float:
        """Return the cost that the constraint limits, in its unit."""
        return cost_of_kind(costs, self.constraint_type)

    @property
    def cheapest(self) -> Genome:
        """The architecture that costs least."""
        return self.space.canonical(self._extreme(self.constraint_type, 1.0)[0])

    @property
    def most_expensive(self) -> Genome:
        """The architecture that costs most."""
        return self.space.canonical(self._extreme(self.constraint_type, -1.0)[0])

    @cached_property
    def _rows(self) -> dict[tuple[int, int, int], tuple[Costs, ...]]:
        layers = self.space.every_layer
        return {layer.key: row for layer, row in zip(layers, self.table, strict=True)}

    @cached_property
    def _arrays(self) -> dict[CostKind, tuple[npt.NDArray[np.float64], ...]]:
        return {}

    def _layer_arrays(self, kind: CostKind) -> tuple[npt.NDArray[np.float64], ...]:
        space = self.space
        if not space.trunks:
            return tuple(
                np.array([cost_of_kind(c, kind) for c in row], dtype=np.float64)
                for row in self.table
            )
        arrays = []
        count = len(space.trunks)
        for index, layer in enumerate(space.layers):
            costs = np.full((count if index else 1, count, len(layer.candidates)), np.inf)
            for trunk, layers in enumerate(space.variants):
                row = self._rows[layers[index].key]
                costs[trunk if index else 0, trunk] = [cost_of_kind(c, kind) for c in row]
            arrays.append(costs)
        return tuple(arrays)

    def _extreme(
        self,
        kind: CostKind,
        sign: float,
        arrays: Sequence[npt.NDArray[np.float64]] | None = None,
    ) -> tuple[Genome, float]:
        """Return the genome with the least ``sign`` × cost, and its cost."""
        arrays = self.layer_costs_of(kind) if arrays is None else arrays
        pairwise = [c if c.ndim == 3 else c[None, None] for c in arrays]
        signed = [np.where(np.isinf(costs), np.inf, sign * costs) for costs in pairwise]
        # From the last layer to the first: what it takes at least from here on, at each width.
        rest = [np.zeros(signed[-1].shape[1])]
        for costs in reversed(signed):
            rest.insert(0, (costs.min(axis=2) + rest[0]).min(axis=1))
        at, total = 0, 0.0
        genes = []
        for layer, (costs, behind) in enumerate(zip(signed, rest[1:], strict=True)):
            before, at = at, int(np.argmin(costs[at].min(axis=1) + behind))
            genes.append(int(np.argmin(costs[before, at])))
            total += float(pairwise[layer][before, at, genes[-1]])
        width = [at] if self.space.trunks else []
        return (*genes, *width), cost_of_kind(self.fixed, kind) + total


def build_cost_model(
    space: Space,
    constraint_type: CostKind,
    user_networks: Sequence[Costs],
    profile: Profile | None = None,
    user_subgraphs: Sequence[Subgraph] = (),
) -> CostModel:
    """Count every candidate of every layer once.

    Args:
        space: the space.
        constraint_type: which cost the budget limits.
        user_networks: costs of PreNet and PostNet, counted by the framework.
        profile: prices latency; without one it stays unknown.
        user_subgraphs: PreNet and PostNet, for the profile.

    Raises:
        LatencyError: naming every operator that the profile cannot price.
    """
    fixed = sum(user_networks, start=Costs(0, 0))
    table = tuple(
        tuple(count(candidate.program, layer.in_shape) for candidate in layer.candidates)
        for layer in space.every_layer
    )
    if profile is not None:
        prices = price_space(profile, space, user_subgraphs)
        fixed = replace(fixed, latency_ms=prices.fixed_ms)
        table = tuple(
            tuple(replace(c, latency_ms=ms) for c, ms in zip(row, latencies, strict=True))
            for row, latencies in zip(table, prices.layers_ms, strict=True)
        )
    return CostModel(space, constraint_type, fixed, table)


def format_cost(value: float, kind: CostKind) -> str:
    """Format a cost for people, e.g. ``2.31 M parameters``, ``340 M FLOPs``, ``12.4 ms``."""
    # Rounded before the prefix is chosen, or 999 999 would print as 1e+03 k.
    value = float(f"{value:.3g}")
    if kind != "latency":
        for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= factor:
                return f"{value / factor:g} {prefix} {COSTS[kind].unit}"
    return f"{value:g} {COSTS[kind].unit}"
