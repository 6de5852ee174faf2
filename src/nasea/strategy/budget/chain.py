"""Costs that add up over layers, where a layer's cost depends on its candidate and on the width.

Between two layers there is a *state*: the value of the width gene, or 0 without one. An
architecture is a walk through the states, so what is exact for plain sums (the least cost, the
number of architectures of a cost, the architectures under a budget) stays exact from state to
state. A plain sum is the case of a single state.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nasea.strategy.arrays import FloatArray, Genome, IntArray


class Chain:
    """A cost as a walk from state to state.

    Args:
        layer_costs: for each layer an array of shape (candidates,); with a width gene (widths
            before, widths behind, candidates), infinite where the two differ.

    Attributes:
        costs: three-dimensional, one a layer.
        has_width: whether there is a width gene.
    """

    def __init__(self, layer_costs: Sequence[FloatArray]) -> None:
        self.costs = [c if c.ndim == 3 else c[None, None] for c in layer_costs]
        self.has_width = any(c.ndim == 3 for c in layer_costs)

    @cached_property
    def extras(self) -> list[FloatArray]:
        """For each layer and step, its cost above the cheapest continuation; shaped like costs.

        The cost of an architecture is the least cost plus the sum of its extras.
        """
        extras = []
        for costs, here, behind in zip(self.costs, self._least, self._least[1:], strict=False):
            cheapest = costs.min(axis=2)
            # Impossible steps are infinite; infinity minus infinity would be undefined.
            detour = cheapest + behind - np.where(np.isinf(here), 0.0, here)[:, None]
            steps = costs - np.where(np.isinf(cheapest), 0.0, cheapest)[..., None]
            extras.append(steps + detour[..., None])
        return extras

    @cached_property
    def cheapest(self) -> Genome:
        """A genome of least cost."""
        genes, states, state = [], [], 0
        for costs, behind in zip(self.costs, self._least[1:], strict=True):
            before, state = state, int(np.argmin(costs[state].min(axis=1) + behind))
            genes.append(int(np.argmin(costs[before, state])))
            states.append(state)
        one = self.genomes(np.array([genes]), np.array([states]))[0]
        return tuple(int(gene) for gene in one)

    @property
    def least(self) -> float:
        """The least sum over layers."""
        return float(self._least[0][0])

    def genomes(self, genes: IntArray, states: IntArray) -> IntArray:
        """Return genomes from candidates and from the states behind layers, both (n, layers)."""
        return np.column_stack([genes, states[:, 0]]) if self.has_width else genes

    @cached_property
    def _least(self) -> list[FloatArray]:
        """For each layer the least cost from it to the end, by state; zeros after the last."""
        least = [np.zeros(self.costs[-1].shape[1])]
        for costs in reversed(self.costs):
            least.insert(0, (costs.min(axis=2) + least[0]).min(axis=1))
        return least
