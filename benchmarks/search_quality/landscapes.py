"""Search spaces of 8, 27 and 50 layers whose true qualities are known, and scored with noise.

Networks of 8 layers were all trained (NAS-Bench-Macro). For 27 layers a regression stands for the
2,507 networks of NAS-Bench-MR that were. 50 layers are put together: four networks of
NAS-Bench-Macro and three cells of NAS-Bench-201, their errors multiplied and their FLOPs added.
A score is the true accuracy and an error that depends on nothing but the architecture and on how
often it was scored, as large as that of so many validation images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tables import front

from nasea.strategy import Genome, HypervolumeReference, Problem, Score, hypervolume
from nasea.strategy.problem import FloatArray, IntArray

VAL_IMAGES = 5000
"""Their sampling error at 85 % accuracy is half a percentage point."""

_SAMPLE = 2000
_NOISE_STREAM = 0x4E


@dataclass(frozen=True, eq=False)
class Landscape:
    """A search space with a known truth.

    Attributes:
        name: what it is.
        layer_costs: FLOPs of each candidate of each layer; they add up.
        true: maps genomes, shape (n, layers), to accuracies in percent, shape (n,).
    """

    name: str
    layer_costs: tuple[FloatArray, ...]
    true: Callable[[IntArray], FloatArray]

    @cached_property
    def noise(self) -> float:
        """Standard deviation of a score about the truth, in percentage points."""
        return 100.0 * float(np.sqrt(0.85 * 0.15 / VAL_IMAGES))

    def cost(self, genomes: IntArray) -> FloatArray:
        """FLOPs, shape (n,)."""
        total = np.zeros(len(genomes))
        for layer, costs in enumerate(self.layer_costs):
            total += costs[genomes[:, layer]]
        return total

    @cached_property
    def problem(self) -> Problem:
        """What a search sees: the budget is in the middle of the range of costs."""
        low = sum(float(costs.min()) for costs in self.layer_costs)
        high = sum(float(costs.max()) for costs in self.layer_costs)
        choices = tuple(len(costs) for costs in self.layer_costs)
        return Problem(choices, tuple, self.cost, self.layer_costs, (low + high) / 2)

    @cached_property
    def reference(self) -> HypervolumeReference:
        """Of both hypervolumes: the accuracy that one random architecture in twenty lacks."""
        rng = np.random.default_rng(0)
        sample = rng.integers(self.problem.choices, size=(_SAMPLE, self.problem.layers))
        return HypervolumeReference(
            quality=float(np.quantile(self.true(sample), 0.05)),
            cost_low=self.problem.cheapest_cost,
            cost_high=self.problem.budget,
        )

    def scores(self, genomes: Sequence[Genome], seed: int, turn: int = 0) -> FloatArray:
        """The accuracies that a search sees, shape (n,).

        Args:
            genomes: what is scored.
            seed: of the errors.
            turn: how often they were scored before.
        """
        errors = [
            np.random.default_rng([seed, _NOISE_STREAM, turn, *genome]).normal()
            for genome in genomes
        ]
        return self.true(np.array(genomes, dtype=np.int64)) + self.noise * np.array(errors)

    def evaluate(self, seed: int, turn: int = 0) -> Callable[[Sequence[Genome]], list[Score]]:
        """What a search calls."""

        def scores(genomes: Sequence[Genome]) -> list[Score]:
            return [Score(one, one) for one in self.scores(genomes, seed, turn).tolist()]

        return scores

    def volumes(self, genomes: Sequence[Genome], seen: FloatArray) -> tuple[float, float]:
        """Hypervolume of the front of what was seen: as it was seen, and as it is.

        Args:
            genomes: everything scored, within the budget.
            seen: accuracies, shape (n,).
        """
        rows = np.array(genomes, dtype=np.int64)
        costs = self.cost(rows)
        chosen = front(costs, seen, np.arange(len(rows)))
        truths = self.true(rows[chosen])
        return (
            hypervolume(costs[chosen], seen[chosen], self.reference),
            hypervolume(costs[chosen], truths, self.reference),
        )


def landscapes(folder: Path) -> dict[int, Landscape]:
    """Each by its number of layers."""
    return {8: _eight(folder), 27: _twenty_seven(folder), 50: _fifty(folder)}


def _eight(folder: Path) -> Landscape:
    errors, costs = _macro(folder)
    return Landscape("NAS-Bench-Macro", costs, lambda genomes: 100.0 - _looked_up(errors, genomes))


def _fifty(folder: Path) -> Landscape:
    """Four chains and three cells in turn: the mean of their logarithmic errors."""
    chain, chain_costs = _macro(folder)
    cell, cell_costs = _nb201(folder)
    # Relative to their medians, so that a chain and a cell matter alike.
    logs = [np.log(table / np.median(table)) for table in (chain, cell)]
    parts = [(logs[turn % 2], (chain_costs, cell_costs)[turn % 2]) for turn in range(7)]
    ends = np.cumsum([0, *(len(costs) for _, costs in parts)])

    def true(genomes: IntArray) -> FloatArray:
        total = np.zeros(len(genomes))
        for (table, _), begin, end in zip(parts, ends[:-1], ends[1:], strict=True):
            total += _looked_up(table, genomes[:, begin:end])
        accuracies: FloatArray = 100.0 - 15.0 * np.exp(total / len(parts))
        return accuracies

    costs = tuple(cost / sum(c.max() for c in of) for _, of in parts for cost in of)
    return Landscape("NAS-Bench-Macro and 201, put together", costs, true)


def _twenty_seven(folder: Path) -> Landscape:
    """Ridge regression with all products of two genes, of logarithmic errors."""
    with np.load(folder / "nas_bench_mr.npz") as data:
        columns = [np.unique(column, return_inverse=True)[1] for column in data["embedding"].T]
        errors = 100.0 - data["cls_50_1000__top1"].astype(np.float64)
        flops = data["flops_G"].astype(np.float64)
    kept = ~np.isnan(errors)
    genomes = np.column_stack(columns)[kept].astype(np.int64)
    sizes = genomes.max(axis=0)
    features = _products(genomes / sizes)
    targets = np.log(errors[kept])
    mean = float(targets.mean())
    penalty = 1.0 * np.eye(features.shape[1])
    weights = np.linalg.solve(features.T @ features + penalty, features.T @ (targets - mean))

    def true(rows: IntArray) -> FloatArray:
        accuracies: FloatArray = 100.0 - np.exp(mean + _products(rows / sizes) @ weights)
        return accuracies

    # What each step of a gene adds, on average; none makes a network cheaper.
    shares = np.column_stack([genomes / sizes, np.ones(len(genomes))])
    slopes = np.maximum(np.linalg.lstsq(shares, flops[kept], rcond=None)[0][:-1], 0.0)
    costs = tuple(
        float(slope) * np.arange(size + 1) / size
        for slope, size in zip(slopes, sizes.tolist(), strict=True)
    )
    return Landscape("NAS-Bench-MR, regression", costs, true)


def _products(shares: FloatArray) -> FloatArray:
    """Constant, genes, and all products of two, shape (n, 1 + genes * (genes + 3) / 2)."""
    first, second = np.triu_indices(shares.shape[1])
    return np.column_stack([np.ones(len(shares)), shares, shares[:, first] * shares[:, second]])


def _macro(folder: Path) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Errors in percent by genome, and FLOPs by layer."""
    with np.load(folder / "nas_bench_macro.npz") as data:
        errors = 100.0 - np.nanmean(data["cifar10_test_acc"].astype(np.float64), axis=1)
        return _arranged(data["code"], errors), _additive(data["code"], data["flops"])


def _nb201(folder: Path) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    with np.load(folder / "nb201_hw.npz") as data:
        errors = 100.0 - np.nanmean(data["cifar100_val_acc"].astype(np.float64), axis=1)
        return _arranged(data["code"], errors), _additive(data["code"], data["cifar_flops_M"])


def _arranged(codes: IntArray, values: FloatArray) -> FloatArray:
    arranged = np.empty(codes.max(axis=0) + 1)
    arranged[tuple(codes.T)] = values
    return arranged


def _additive(codes: IntArray, costs: FloatArray) -> tuple[FloatArray, ...]:
    """Mean cost of each candidate of each layer, above the cheapest of it."""
    means = [
        np.array([costs[column == gene].mean() for gene in range(column.max() + 1)])
        for column in codes.T
    ]
    return tuple(mean - mean.min() for mean in means)


def _looked_up(table: FloatArray, genomes: IntArray) -> FloatArray:
    found: FloatArray = table[tuple(genomes.T)]
    return found
