"""A sample of a space too large to tabulate: a search is kept to the architectures it holds.

NAS-Bench-MR (Ding et al., 2021): 2,507 networks of 27 numbers, their depths and widths, each
trained once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist
from tables import Table

from nasea.strategy import Genome
from nasea.strategy.problem import IntArray

ACCURACIES = {"classification": "cls_50_1000__top1", "segmentation": "seg__mIoU"}


@dataclass(frozen=True, eq=False)
class Pool(Table):
    """A table with gaps: every genome means the member that is nearest to it.

    Genes are ordered, smallest width or depth first; the distance of two genomes is the sum of the
    differences of their genes, each as a share of the gene's range.
    """

    def rows(self, genomes: Sequence[Genome] | IntArray) -> IntArray:
        """The nearest members; the first of those equally near."""
        asked = np.array(genomes, dtype=np.int64).reshape(-1, len(self.choices))
        keys = [tuple(genome) for genome in asked.tolist()]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        if new:
            places = np.array(new) * self._steps
            nearest = cdist(places, self.genomes * self._steps, "cityblock").argmin(axis=1)
            self._known.update(zip(new, nearest.tolist(), strict=True))
        return np.array([self._known[key] for key in keys], dtype=np.int64)

    def canonical(self, genome: Genome) -> Genome:
        """The nearest member."""
        return tuple(self.genomes[self.rows([genome])[0]].tolist())

    @cached_property
    def _steps(self) -> IntArray:
        """Shares of the genes' ranges, as whole numbers: so that ties are exact."""
        ranges = np.array(self.choices) - 1
        steps: IntArray = np.lcm.reduce(ranges) // ranges
        return steps

    @cached_property
    def _known(self) -> dict[Genome, int]:
        return {}


def nas_bench_mr(folder: Path, task: str) -> Pool:
    """Accuracy of a task and FLOPs."""
    with np.load(folder / "nas_bench_mr.npz") as data:
        columns = [np.unique(column, return_inverse=True)[1] for column in data["embedding"].T]
        genomes, first = np.unique(np.column_stack(columns), axis=0, return_index=True)
        accuracies = data[ACCURACIES[task]].astype(np.float64)[first]
        costs = data["flops_G"].astype(np.float64)[first]
        parameters = 1e6 * data["params_M"].astype(np.float64)[first]
    kept = ~np.isnan(accuracies)
    return Pool(
        name=f"MR, {task}",
        genomes=genomes[kept].astype(np.int64),
        observed=accuracies[kept, None],
        true=accuracies[kept],
        costs=costs[kept],
        budget=float(costs[kept].max()),
        counts=(parameters[kept],),
    )
