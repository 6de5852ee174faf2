"""Costs of architectures: the whole network, including PreNet and PostNet.

Costs add up over layers, so a table (layer, candidate) -> cost gives the cost of any architecture
without building it. If widths are searched, the cost of a layer depends on its input and output
widths, and the table has a row for every pair of them.
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
"""Costs that every architecture has, whether or not the budget limits them."""


@dataclass(frozen=True)
class CostModel:
    """Costs of every architecture of a space.

    Attributes:
        space: the space.
        constraint_type: the cost that the budget limits.
        fixed: costs of PreNet and PostNet together.
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
        """Return the costs of the candidates of a layer at its widths."""
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
        """Constrained cost of each candidate; see :meth:`layer_costs_of`."""
        return self.layer_costs_of(self.constraint_type)

    def cheapest_of(self, kind: CostKind) -> float:
        """Return the lowest cost of one kind of any architecture."""
        return self._extreme(kind, 1.0)[1]

    def most_expensive_of(self, kind: CostKind) -> float:
        """Return the highest cost of one kind of any architecture."""
        return self._extreme(kind, -1.0)[1]

    def cheapest_in(self, trunk: int) -> float:
        """Return the lowest cost of any architecture with one of the trunks."""
        return self._extreme(self.constraint_type, 1.0, self.layer_costs_in(trunk))[1]

    def layer_costs_in(self, trunk: int) -> tuple[npt.NDArray[np.float64], ...]:
        """Return :attr:`layer_costs`, infinite for all trunks but the given ones."""
        arrays = tuple(costs.copy() for costs in self.layer_costs)
        for costs in arrays:
            costs[:, np.arange(costs.shape[1]) != trunk] = np.inf
        return arrays

    def layer_costs_of(self, kind: CostKind) -> tuple[npt.NDArray[np.float64], ...]:
        """Return the cost of one kind of each candidate, for each layer.

        Returns:
            Arrays of shape (candidates,). If widths are searched, of shape (trunks before, trunks
            after, candidates), infinite where the two trunks differ; the first layer has one trunk
            before it.
        """
        if kind not in self._arrays:
            self._arrays[kind] = self._layer_arrays(kind)
        return self._arrays[kind]

    def value(self, costs: Costs) -> float:
        """Return the cost that the constraint limits, in its unit."""
        return cost_of_kind(costs, self.constraint_type)

    @property
    def cheapest(self) -> Genome:
        """Genome with the lowest cost."""
        return self.space.canonical(self._extreme(self.constraint_type, 1.0)[0])

    @property
    def most_expensive(self) -> Genome:
        """Genome with the highest cost."""
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
        # From the last layer to the first: the extreme cost from here on, at each width.
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
    """Compute the costs of every candidate of every layer once.

    Args:
        space: the space.
        constraint_type: the cost that the budget limits.
        user_networks: costs of PreNet and PostNet, counted by the framework.
        profile: prices latency; ``None`` leaves latency unknown.
        user_subgraphs: PreNet and PostNet, for the profile.

    Raises:
        LatencyError: the profile cannot price some operators; the message names them all.
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
    """Format a cost for messages, e.g. ``2.31 M parameters``, ``340 M FLOPs``, ``12.4 ms``."""
    # Round before choosing the prefix, or 999 999 would print as 1e+03 k.
    value = float(f"{value:.3g}")
    if kind != "latency":
        for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= factor:
                return f"{value / factor:g} {prefix} {COSTS[kind].unit}"
    return f"{value:g} {COSTS[kind].unit}"
