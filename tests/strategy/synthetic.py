"""Search problems that score in microseconds."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nasea.strategy import CostFeature, Genome, Problem, Score
from nasea.strategy.problem import FloatArray, IntArray

FIXED_COST = 100.0


def identity(genome: Genome) -> Genome:
    return genome


def make_problem(
    layer_costs: Sequence[Sequence[float]],
    *,
    budget: float = 1e9,
    twins: bool = False,
) -> Problem:
    """An additive problem; with ``twins``, the last candidate of each layer is the first again."""
    arrays = tuple(np.array(costs, dtype=np.float64) for costs in layer_costs)
    if twins:
        arrays = tuple(np.append(costs, costs[0]) for costs in arrays)
    choices = tuple(len(costs) for costs in arrays)

    def canonical(genome: Genome) -> Genome:
        if not twins:
            return genome
        return tuple(
            0 if gene == size - 1 else gene for gene, size in zip(genome, choices, strict=True)
        )

    def cost(genomes: IntArray) -> FloatArray:
        total = np.full(len(genomes), FIXED_COST)
        for layer, costs in enumerate(arrays):
            total += costs[genomes[:, layer]]
        return total

    return Problem(choices, canonical, cost, arrays, budget)


def random_problem(layers: int, candidates: int, *, seed: int, tightness: float) -> Problem:
    """Costs spread over two decades; the budget is ``tightness`` × the cheapest architecture."""
    rng = np.random.default_rng(seed)
    costs = rng.lognormal(3.0, 1.0, size=(layers, candidates))
    cheapest = FIXED_COST + costs.min(axis=1).sum()
    return make_problem(costs.tolist(), budget=float(cheapest * tightness))


def wide_problem(layers: int, candidates: int, *, seed: int, tightness: float) -> Problem:
    """One gene chooses the width of all layers, of which there are three.

    Costs rise with both widths of a layer, as those of convolutions do.
    """
    rng = np.random.default_rng(seed)
    arrays = []
    for layer in range(layers):
        sizes = np.outer(np.arange(1, 4 if layer else 2), np.arange(1, 4))
        costs = sizes[..., None] * rng.lognormal(3.0, 1.0, size=candidates)
        if layer:
            costs[~np.eye(3, dtype=bool)] = np.inf
        arrays.append(costs)

    def cost(genomes: IntArray) -> FloatArray:
        total = np.full(len(genomes), FIXED_COST)
        width = genomes[:, layers]
        for layer, costs in enumerate(arrays):
            total += costs[width if layer else 0, width, genomes[:, layer]]
        return total

    free = Problem((candidates,) * layers + (3,), identity, cost, tuple(arrays), 1e9)
    return replace(free, budget=free.cheapest_cost * tightness)


def some_problem(
    layers: int, candidates: int, *, seed: int, tightness: float, wide: bool
) -> Problem:
    """A random problem, with widths or without."""
    make = wide_problem if wide else random_problem
    return make(layers, candidates, seed=seed, tightness=tightness)


def cost_feature(problem: Problem, *, seed: int) -> CostFeature:
    """Another additive cost, of the same kind as the problem's own."""
    other = make_problem(
        np.random.default_rng([seed, 1])
        .lognormal(3.0, 1.0, size=(problem.layers, max(problem.choices)))
        .tolist()
    )
    genomes = np.array([[f(row) for row in other.layer_costs] for f in (np.argmin, np.argmax)])
    low, high = other.cost(genomes)
    return CostFeature(other.cost, float(low), float(high))


def all_feasible(problem: Problem) -> set[Genome]:
    genomes = list(itertools.product(*(range(size) for size in problem.choices)))
    feasible = problem.costs(genomes) <= problem.budget
    return {
        problem.canonical(genome) for genome, fits in zip(genomes, feasible, strict=True) if fits
    }


@dataclass
class Landscape:
    """Quality adds up over layers, rises with cost on the whole, and is scored on demand.

    Attributes:
        problem: whose genomes are scored.
        failing: genomes that fail.
        batches: what was evaluated, call by call.
    """

    problem: Problem
    seed: int = 0
    failing: frozenset[Genome] = frozenset()
    batches: list[list[Genome]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self._gains = [
            np.log(costs) + rng.normal(0.0, 0.5, size=costs.shape[-1])
            for costs in self.problem.layer_costs
        ]

    @property
    def evaluated(self) -> list[Genome]:
        return [genome for batch in self.batches for genome in batch]

    def quality(self, genome: Genome) -> float:
        if not self.problem.has_width:
            return float(sum(gains[gene] for gains, gene in zip(self._gains, genome, strict=True)))
        *genes, width = genome
        layers = enumerate(zip(self._gains, genes, strict=True))
        return float(
            sum(gains[width if layer else 0, width, gene] for layer, (gains, gene) in layers)
        )

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        self.batches.append(list(genomes))
        return [
            Score.failed("out of memory")
            if genome in self.failing
            else Score(self.quality(genome), metric=-self.quality(genome))
            for genome in genomes
        ]
