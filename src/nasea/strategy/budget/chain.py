"""Costs that add up over layers, each depending on its candidate and on the widths of its sides.

Between two layers there is a *state*: the value of the width gene that decides there, or the only
one. An architecture is a walk through the states, so what is exact for plain sums (the least, how
many there are of a cost, which there are under a budget) stays exact by going from state to state.
A plain sum is the case of one state everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from nasea.strategy.arrays import FloatArray, Genome, IntArray


class Chain:
    """A cost as a walk from state to state.

    Args:
        layer_costs: for each layer an array of shape (candidates,), or (states before, states
            behind, candidates) with infinity where no step leads.
        wires: for each layer, the number of the width gene whose value is the state behind it,
            ``None`` where there is one state; empty where no layer has more.

    Attributes:
        costs: three-dimensional, one a layer.
    """

    def __init__(self, layer_costs: Sequence[FloatArray], wires: Sequence[int | None] = ()) -> None:
        self.costs = [c if c.ndim == 3 else c[None, None] for c in layer_costs]
        self._wires = tuple(wires) or (None,) * len(self.costs)

    @cached_property
    def extras(self) -> list[FloatArray]:
        """For each layer and step, what it leaves above the cheapest way on; the shape of costs.

        The cost of an architecture is the least there is plus the sum of its extras.
        """
        extras = []
        for costs, here, behind in zip(self.costs, self._least, self._least[1:], strict=False):
            cheapest = costs.min(axis=2)
            # Where no step leads all are infinite, and so is what is left.
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
        """Genomes from candidates and from the states behind layers, both of shape (n, layers)."""
        first = {wire: layer for layer, wire in reversed(list(enumerate(self._wires)))}
        first.pop(None, None)
        widths = [states[:, first[wire]] for wire in sorted(w for w in first if w is not None)]
        return np.column_stack([genes, *widths]) if widths else genes

    @cached_property
    def _least(self) -> list[FloatArray]:
        """For each layer the least that it and those behind it cost, by state; zeros at the end."""
        least = [np.zeros(self.costs[-1].shape[1])]
        for costs in reversed(self.costs):
            least.insert(0, (costs.min(axis=2) + least[0]).min(axis=1))
        return least
