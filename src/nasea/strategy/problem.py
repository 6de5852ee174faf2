"""A search space under a budget, as a strategy sees it: numbers of choices and cost functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nasea.errors import BudgetError
from nasea.strategy.arrays import FloatArray, Genome, IntArray
from nasea.strategy.budget.chain import Chain

__all__ = ["FloatArray", "CostFeature", "Genome", "IntArray", "Limit", "Objective", "Problem"]


@dataclass(frozen=True, eq=False)
class Limit:
    """Another cost that an architecture must not exceed; its unit is its own.

    Attributes:
        cost: maps genomes, shape (n, genes), to their costs, shape (n,).
        layer_costs: the additive part of the cost, as a problem's.
        budget: the largest feasible cost.
    """

    cost: Callable[[IntArray], FloatArray]
    layer_costs: tuple[FloatArray, ...]
    budget: float


@dataclass(frozen=True, eq=False)
class Objective:
    """Another cost that is traded against quality, not only bounded; its unit is its own.

    Attributes:
        cost: maps genomes, shape (n, genes), to their costs, shape (n,).
        layer_costs: the additive part of the cost, as a problem's.
        high: the cost of the reference point: its budget, or the largest cost of an architecture.
    """

    cost: Callable[[IntArray], FloatArray]
    layer_costs: tuple[FloatArray, ...]
    high: float

    @cached_property
    def cheapest(self) -> Genome:
        """A genome of least cost; perhaps neither canonical nor feasible."""
        return Chain(self.layer_costs).cheapest

    @property
    def low(self) -> float:
        """The least cost that an architecture may have."""
        return float(self.cost(np.array([self.cheapest], dtype=np.int64))[0])


@dataclass(frozen=True, eq=False)
class CostFeature:
    """An auxiliary cost that neither bounds nor is traded: it only helps to predict quality.

    Attributes:
        cost: maps genomes, shape (n, genes), to their costs, shape (n,): counts, at least 0.
        low: the least that an architecture costs.
        high: the most, budget or not.
    """

    cost: Callable[[IntArray], FloatArray]
    low: float
    high: float

    def __call__(self, genomes: IntArray) -> FloatArray:
        """Return logarithms of costs, scaled to [0, 1] from least to most, shape (n,)."""
        low, high = np.log1p(self.low), np.log1p(self.high)
        shares: FloatArray = (np.log1p(self.cost(genomes)) - low) / ((high - low) or 1.0)
        return shares


@dataclass(frozen=True, eq=False)
class Problem:
    """A search space under a budget, seen as integers.

    Costs and the budget share one unit, that of the constraint (parameters, FLOPs or
    milliseconds); the search never needs to know which.

    Attributes:
        choices: number of values of each gene, each at least 1: the candidates of each layer, then
            the widths, where they are searched.
        canonical: maps genomes that mean the same network to one genome; idempotent, and it
            preserves the cost.
        cost: maps genomes, shape (n, genes), to their costs, shape (n,). It is assumed to be
            cheap, and decides on feasibility.
        layer_costs: the additive part of the cost, one array of shape (choices,) a layer; the
            whole cost is a constant plus the sum over layers. It guides sampling and repair.
            Where widths are searched, of shape (widths before, widths behind, choices), infinite
            where the two differ; the first layer has one width before it.
        budget: the largest feasible cost.
        limits: further costs that bound what is feasible.
        objectives: further costs that the front trades, beside ``cost`` and quality.
        cost_features: further costs that a predictor may use.
        starting_points: canonical genomes that may be good, for the first generation to choose
            from; some may exceed the budget.
        initial: feasible canonical genomes that the first generation must score.
    """

    choices: tuple[int, ...]
    canonical: Callable[[Genome], Genome]
    cost: Callable[[IntArray], FloatArray]
    layer_costs: tuple[FloatArray, ...]
    budget: float
    limits: tuple[Limit, ...] = ()
    objectives: tuple[Objective, ...] = ()
    cost_features: tuple[CostFeature, ...] = ()
    starting_points: tuple[Genome, ...] = ()
    initial: tuple[Genome, ...] = ()

    def __post_init__(self) -> None:
        if not self.choices or min(self.choices) < 1:
            raise ValueError(f"every layer needs at least one candidate, found {self.choices}")
        sizes = tuple(costs.shape[-1] for costs in self.layer_costs)
        if sizes != self.choices[: len(sizes)] or len(self.choices) != len(sizes) + self.has_width:
            raise ValueError(f"layer_costs has sizes {sizes}, choices says {self.choices}")
        if not math.isfinite(self.budget):
            raise ValueError(f"the budget must be finite, found {self.budget}")

    def feasible(self, genomes: IntArray) -> npt.NDArray[np.bool_]:
        """Return which genomes meet the budget and every limit: (n, layers) -> (n,)."""
        fits: npt.NDArray[np.bool_] = self.cost(genomes) <= self.budget
        for limit in self.limits:
            fits &= limit.cost(genomes) <= limit.budget
        return fits

    @property
    def views(self) -> tuple[Problem, ...]:
        """One problem for each budget, the constraint's own first."""
        own = Limit(self.cost, self.layer_costs, self.budget)
        return tuple(
            Problem(self.choices, self.canonical, one.cost, one.layer_costs, one.budget)
            for one in (own, *self.limits)
        )

    @property
    def has_width(self) -> bool:
        """Whether the last gene chooses the widths of all layers."""
        return self.chain.has_width

    @property
    def layers(self) -> int:
        """Number of genes of a genome."""
        return len(self.choices)

    @property
    def ordinal(self) -> tuple[bool, ...]:
        """For each gene, whether its values have an order: those of widths do."""
        return tuple(gene >= len(self.layer_costs) for gene in range(self.layers))

    @cached_property
    def chain(self) -> Chain:
        """The cost as a chain of layers."""
        return Chain(self.layer_costs)

    def costs(self, genomes: Sequence[Genome]) -> FloatArray:
        """Return the costs of genomes given as tuples, shape (n,)."""
        return self.cost(np.array(genomes, dtype=np.int64).reshape(-1, self.layers))

    def further_costs(self, genomes: Sequence[Genome]) -> FloatArray:
        """Return the costs of the further objectives, shape (n, objectives)."""
        rows = np.array(genomes, dtype=np.int64).reshape(-1, self.layers)
        columns = [objective.cost(rows) for objective in self.objectives]
        return np.column_stack(columns) if columns else np.empty((len(rows), 0))

    @cached_property
    def cheapest(self) -> Genome:
        """The canonical genome of least cost, whether or not it is feasible."""
        return self.canonical(self.chain.cheapest)

    @cached_property
    def cheapest_cost(self) -> float:
        """Cost of the cheapest architecture."""
        return float(self.costs([self.cheapest])[0])

    @property
    def slack(self) -> float:
        """What the budget leaves above the cheapest architecture.

        Raises:
            BudgetError: the cheapest architecture exceeds the budget.
        """
        slack = self.budget - self.cheapest_cost
        if slack < 0:
            raise BudgetError(
                f"no architecture meets the constraint: the cheapest costs "
                f"{self.cheapest_cost:,.6g}, the budget is {self.budget:,.6g}",
                fix="raise constraint_value, or give the layers fewer filters",
            )
        return slack
