"""Chooses the paths to train; if widths are searched, mostly paths near the budget.

In the wider trunks, most architectures cost many times the budget, and training them hardly helps
the feasible ones. So a target cost is drawn around the budget. The blocks are sampled as without
widths, all blocks of a layer equally often. Then the trunk is chosen for which the cost is nearest
to the target: a narrow one for expensive blocks, a wide one for cheap blocks. Every fourth step
cycles through the trunks instead, so that each is trained. Blocks that exceed the largest cost in
every available trunk are replaced by an architecture near the target cost, with one of the blocks
if possible. The path is a function of the step.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nasea.cost import CostModel
from nasea.space import Genome, Space, fair_gene, fair_path
from nasea.strategy import Problem
from nasea.strategy.budget.cost_grid import CostGrid

BELOW, ABOVE = 0.1, 1.25
"""Costs to aim at, as multiples of the budget, evenly: a large network learns more slowly."""

_IN_TURN_EVERY = 4
"""Interval of steps at which the trunk is the next in turn, not the one that suits the cost."""

_DRAWS = 32
_STREAM = 0xB0D6
"""Keeps these draws apart from others made with the same seed."""


class BudgetPaths:
    """Paths within and around a budget.

    Args:
        costs: the cost model.
        problem: the space under the budget; some architecture must be feasible.
        seed: seed of the run.
    """

    def __init__(self, costs: CostModel, problem: Problem, seed: int) -> None:
        self._costs, self._space, self._seed = costs, costs.space, seed
        # Candidates that no feasible architecture uses need no training.
        self.trunks = np.array(usable_trunks(costs, problem.budget))
        self._most = ABOVE * problem.budget
        self._aims = (max(BELOW * problem.budget, problem.cheapest_cost), self._most)
        self._problem = replace(problem, budget=self._most, limits=(), objectives=())
        self._grids: dict[int, CostGrid] = {}

    def __call__(self, step: int) -> Genome:
        """Return the path of training step ``step`` (from 0)."""
        rng = np.random.default_rng([_STREAM, self._seed, step])
        aim = float(rng.uniform(*self._aims))
        blocks = fair_path(self._space.block_choices, self._seed, step)
        layer = step % len(blocks)
        turn, rest = divmod(step, _IN_TURN_EVERY)
        trunk = self.trunks[fair_gene(len(self.trunks), self._seed, len(blocks), turn)]
        offered = self.trunks if rest else [trunk]
        genomes = np.column_stack([np.tile(blocks, (len(offered), 1)), offered])
        costs = self._costs(genomes)
        if costs.min() <= self._most:
            return _genome(genomes[int(np.argmin(np.abs(np.log(costs / aim))))])

        genomes = self._grid(int(trunk)).draw_near(aim, _DRAWS, rng)
        having = np.flatnonzero(genomes[:, layer] == blocks[layer])
        return _genome(genomes[having[0] if len(having) else 0])

    def _grid(self, trunk: int) -> CostGrid:
        """Return the cost grid of the architectures with one of the trunks."""
        if trunk not in self._grids:
            layer_costs = self._costs.layer_costs_in(trunk)
            self._grids[trunk] = CostGrid(replace(self._problem, layer_costs=layer_costs))
        return self._grids[trunk]


def _genome(row: npt.NDArray[np.int64]) -> Genome:
    return tuple(int(gene) for gene in row)


def usable_trunks(costs: CostModel, budget: float) -> tuple[int, ...]:
    """Return the trunks with an architecture within the budget; all trunks, if there is none."""
    every = range(len(costs.space.trunks))
    return tuple(t for t in every if costs.cheapest_in(t) <= budget) or tuple(every)


class FairPaths:
    """Paths in which all candidates of a layer are equally frequent (strict fairness)."""

    def __init__(self, space: Space, seed: int) -> None:
        self._choices, self._seed = space.choices, seed

    def __call__(self, step: int) -> Genome:
        """Return the path of training step ``step`` (from 0)."""
        return fair_path(self._choices, self._seed, step)


def pathfinder(costs: CostModel, problem: Problem, seed: int) -> BudgetPaths | FairPaths:
    """Return the paths for training the supernet of a run."""
    if costs.space.trunks:
        return BudgetPaths(costs, problem, seed)
    return FairPaths(costs.space, seed)
