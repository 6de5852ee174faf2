"""The next path to train where widths are searched: mostly one within the budget.

With widths from a quarter to twice the filters most architectures cost many times the budget, and
training them teaches little of those that can be chosen. So blocks are dealt as ever, each as often
as any other of its layer, and widths are drawn for the cost: one stage in turn has its width dealt,
so that every width has its share, and the others are those, of some drawn, that bring the path
nearest to a cost drawn about the budget. Blocks that no widths bring there, as under a tight
budget, give way to an architecture of that cost with the width dealt and one of the blocks, where
there is one. All of it is a function of the step.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nasea.cost import CostModel
from nasea.space import Genome, Space, deal, fair_path
from nasea.strategy import Problem
from nasea.strategy.budget.cost_grid import CostGrid

BELOW, ABOVE = 0.25, 1.25
"""Costs to aim at, as multiples of the budget; evenly by their logarithm."""

_DRAWS = 32
_STREAM = 0xB0D6
"""Keeps these draws apart from others made with the same seed."""


class BudgetPaths:
    """Paths within and around a budget.

    Args:
        costs: what every architecture costs.
        problem: the space under the budget, which some architecture meets.
        seed: of the run.
    """

    def __init__(self, costs: CostModel, problem: Problem, seed: int) -> None:
        self._costs, self._space, self._seed = costs, costs.space, seed
        # What no architecture within the budget uses needs no training.
        self.widths = usable_widths(costs, problem.budget)
        self._most = ABOVE * problem.budget
        self._aims = np.log([max(BELOW * problem.budget, problem.cheapest_cost), self._most])
        self._problem = replace(problem, budget=self._most, limits=(), objectives=())
        self._grids: dict[tuple[int, int], CostGrid] = {}

    def __call__(self, step: int) -> Genome:
        """The path of training step ``step`` (from 0)."""
        rng = np.random.default_rng([_STREAM, self._seed, step])
        aim = float(rng.uniform(*self._aims))
        blocks = fair_path(self._space.block_choices, self._seed, step)
        turn, stage = divmod(step, len(self.widths))
        usable = self.widths[stage]
        width = usable[deal(len(usable), self._seed, len(blocks) + stage, turn)]

        drawn = np.column_stack([rng.choice(one, _DRAWS) for one in self.widths])
        drawn[:, stage] = width
        genomes = np.column_stack([np.tile(blocks, (_DRAWS, 1)), drawn])
        costs = self._costs(genomes)
        if costs.min() <= self._most:
            return _genome(genomes[int(np.argmin(np.abs(np.log(costs) - aim)))])

        genomes = self._grid(stage, width).draw_near(np.exp(aim), _DRAWS, rng)
        layer = turn % len(blocks)
        having = np.flatnonzero(genomes[:, layer] == blocks[layer])
        return _genome(genomes[having[0] if len(having) else 0])

    def _grid(self, stage: int, width: int) -> CostGrid:
        """Of the architectures with one width of a stage."""
        if (stage, width) not in self._grids:
            layer_costs = self._costs.layer_costs_at(stage, width)
            self._grids[stage, width] = CostGrid(replace(self._problem, layer_costs=layer_costs))
        return self._grids[stage, width]


def _genome(row: npt.NDArray[np.int64]) -> Genome:
    return tuple(int(gene) for gene in row)


def usable_widths(costs: CostModel, budget: float) -> list[tuple[int, ...]]:
    """For each stage the widths that some architecture within the budget has; all, if none."""
    usable = []
    for stage, count in enumerate(costs.space.width_choices):
        within = [w for w in range(count) if costs.cheapest_at(stage, w) <= budget]
        usable.append(tuple(within or range(count)))
    return usable


class FairPaths:
    """Paths in which every candidate of a layer, and every width, is as frequent as any other."""

    def __init__(self, space: Space, seed: int) -> None:
        self._choices, self._seed = space.choices, seed

    def __call__(self, step: int) -> Genome:
        """The path of training step ``step`` (from 0)."""
        return fair_path(self._choices, self._seed, step)


def pathfinder(costs: CostModel, problem: Problem, seed: int) -> BudgetPaths | FairPaths:
    """The paths that the supernet of a run is trained with."""
    if costs.space.stages:
        return BudgetPaths(costs, problem, seed)
    return FairPaths(costs.space, seed)
