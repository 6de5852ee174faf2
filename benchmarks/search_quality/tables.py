"""Search spaces whose every architecture was trained: accuracies by training seed, and costs.

The files hold NAS-Bench-Macro (Su et al., 2021; all 6,561 chains of 8 layers) and NAS-Bench-201
(Dong and Yang, 2020; all 15,625 cells of 6 edges) with the latencies of HELP (Lee et al., 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from nasea.strategy import (
    CostFeature,
    Genome,
    HypervolumeReference,
    Objective,
    Problem,
    Score,
    hypervolume,
)
from nasea.strategy.problem import FloatArray, IntArray

DEVICES = ("samsung_s7", "pixel3", "eyeriss", "raspi4", "1080ti_1")
LEAST_LATENCY = 0.05
"""Milliseconds; less is what raspi4 and pixel3 say of cells that pass nothing on."""


@dataclass(frozen=True, eq=False)
class Table:
    """A search space, tabulated.

    Attributes:
        name: of the space and its objectives.
        genomes: the architectures, shape (n, layers).
        observed: accuracy in percent, one column a training seed, shape (n, training seeds).
        true: mean over all training seeds, shape (n,).
        costs: shape (n,); infinite for what is left out.
        budget: the largest feasible cost.
        further: further objectives, in their order.
        counts: parameters, then FLOPs, where they are not the cost, each of shape (n,): what `nasea
            search` knows of every architecture, and its predictor looks at.
    """

    name: str
    genomes: IntArray
    observed: FloatArray
    true: FloatArray
    costs: FloatArray
    budget: float
    further: tuple[Objective, ...] = ()
    counts: tuple[FloatArray, ...] = ()

    @cached_property
    def choices(self) -> tuple[int, ...]:
        """Number of candidates of each layer."""
        return tuple(int(n) for n in self.genomes.max(axis=0) + 1)

    @cached_property
    def feasible(self) -> IntArray:
        """Rows within the budget."""
        return np.flatnonzero(self.costs <= self.budget)

    @cached_property
    def reference(self) -> HypervolumeReference:
        """The corner of the true front: its lowest accuracy, and the budget."""
        rows = front(self.costs, self.true, self.feasible)
        return HypervolumeReference(
            quality=float(self.true[rows].min()),
            cost_low=float(self.costs.min()),
            cost_high=self.budget,
        )

    @cached_property
    def best(self) -> float:
        """Hypervolume of the true front."""
        return self._hypervolume(front(self.costs, self.true, self.feasible))

    def quality_of(self, rows: IntArray, training_seed: int) -> float:
        """Share of the true front's hypervolume that the front of these rows has.

        The front is taken as the search saw it, by one training seed; its hypervolume is that of
        the true accuracies.
        """
        seen = front(self.costs, self.observed[:, training_seed % self.observed.shape[1]], rows)
        return self._hypervolume(seen) / self.best

    def halved(self) -> Table:
        """The same under a budget in the middle of the range of costs."""
        low, high = self.costs.min(), self.costs[np.isfinite(self.costs)].max()
        return replace(self, name=f"{self.name}, half", budget=float((low + high) / 2))

    def rows(self, genomes: Sequence[Genome] | IntArray) -> IntArray:
        """Where genomes stand in the table; -1 where they do not."""
        keys = np.array(genomes, dtype=np.int64).reshape(-1, len(self.choices)).T
        rows: IntArray = self._row_of[np.ravel_multi_index(keys, self.choices)]
        return rows

    def canonical(self, genome: Genome) -> Genome:
        """The genome that stands for all that mean the same network."""
        return genome

    @cached_property
    def problem(self) -> Problem:
        """What the search sees."""

        def cost(genomes: IntArray) -> FloatArray:
            rows = self.rows(genomes)
            return np.where(rows >= 0, self.costs[rows], np.inf)

        return Problem(self.choices, self.canonical, cost, self._layer_costs, self.budget,
                       objectives=self.further, cost_features=self._gauges)  # fmt: skip

    def all_costs(self, rows: IntArray) -> FloatArray:
        """Cost and further objectives of rows, shape (n, 1 + further)."""
        genomes = self.genomes[rows]
        return np.column_stack([self.costs[rows], *(one.cost(genomes) for one in self.further)])

    def evaluator(self, training_seed: int) -> Evaluator:
        """Scores by one training seed."""
        return Evaluator(self, self.observed[:, training_seed % self.observed.shape[1]])

    @property
    def _gauges(self) -> tuple[CostFeature, ...]:
        def of(counts: FloatArray) -> CostFeature:
            return CostFeature(lambda g: counts[self.rows(g)], float(counts.min()), float(counts.max()))

        return tuple(map(of, self.counts))

    def _hypervolume(self, rows: IntArray) -> float:
        return hypervolume(self.costs[rows], self.true[rows], self.reference)

    @cached_property
    def _row_of(self) -> IntArray:
        row_of = np.full(int(np.prod(self.choices)), -1)
        row_of[np.ravel_multi_index(self.genomes.T, self.choices)] = np.arange(len(self.genomes))
        return row_of

    @cached_property
    def _layer_costs(self) -> tuple[FloatArray, ...]:
        """The largest additive cost that no architecture undercuts.

        FLOPs add up; latencies do not quite. A lower bound makes sure that what the search prunes
        by added costs is over budget indeed.
        """
        rows = np.flatnonzero(np.isfinite(self.costs))
        genomes, costs = self.genomes[rows], self.costs[rows]
        offsets = np.concatenate([[0], np.cumsum(self.choices)[:-1]])
        columns = genomes + offsets
        n, layers = genomes.shape
        hot = csr_array(
            (np.ones(n * layers), columns.ravel(), np.arange(0, n * layers + 1, layers)),
            shape=(n, sum(self.choices)),
        )
        scale = costs.max() - costs.min()
        upper = np.ones(sum(self.choices))
        cheapest = columns[np.argmin(costs)]
        upper[cheapest] = 0.0
        solved = linprog(
            -np.asarray(hot.sum(axis=0)).ravel(),
            A_ub=hot,
            b_ub=(costs - costs.min()) / scale,
            bounds=np.column_stack([np.zeros_like(upper), upper]),
        )
        # Below by more than the solver's tolerance, and the cheapest genes without equals.
        bound = solved.x * (1 - 1e-6) + 1e-12
        bound[cheapest] = 0.0
        return tuple(np.split(bound * scale, offsets[1:]))


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Looks scores up.

    Attributes:
        table: where.
        accuracies: of one training seed, shape (n,).
    """

    table: Table
    accuracies: FloatArray

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        found = self.accuracies[self.table.rows(genomes)].tolist()
        return [Score(accuracy, accuracy) for accuracy in found]


def front(costs: FloatArray, qualities: FloatArray, rows: IntArray) -> IntArray:
    """The rows that no other dominates, by rising cost; of equals the first.

    The same front as ``Archive.front``, of whole arrays.
    """
    order = rows[np.lexsort((-qualities[rows], costs[rows]))]
    seen = qualities[order]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(seen)[:-1]])
    chosen: IntArray = order[seen > before]
    return chosen


def macro(folder: Path) -> Table:
    """NAS-Bench-Macro: accuracy on CIFAR-10 and FLOPs."""
    with np.load(folder / "nas_bench_macro.npz") as data:
        accuracies = data["cifar10_test_acc"].astype(np.float64)
        counts = (data["params"],)
        return _table("Macro, FLOPs", data["code"], accuracies, data["flops"], counts)


def nb201(folder: Path, device: str, images: str = "cifar100") -> Table:
    """NAS-Bench-201: accuracy on a data set and the latency on a device."""
    with np.load(folder / "nb201_hw.npz") as data:
        accuracies = data[f"{images}_val_acc"].astype(np.float64)
        latencies = data[f"lat_ms_{device}"].astype(np.float64)
        latencies[latencies < LEAST_LATENCY] = np.inf
        counts = (1e6 * data["cifar100_params_M"], 1e6 * data["cifar_flops_M"])
        return _table(f"NB201, {device}", data["code"], accuracies, latencies, counts)


def _table(
    name: str,
    codes: IntArray,
    accuracies: FloatArray,
    costs: FloatArray,
    counts: tuple[FloatArray, ...],
) -> Table:
    """A table whose observations are the training seeds that every architecture has."""
    complete = ~np.isnan(accuracies).any(axis=0)
    costs = costs.astype(np.float64)
    return Table(
        name=name,
        genomes=codes.astype(np.int64),
        observed=accuracies[:, complete],
        true=np.nanmean(accuracies, axis=1),
        costs=costs,
        budget=float(costs[np.isfinite(costs)].max()),
        counts=tuple(one.astype(np.float64) for one in counts),
    )
