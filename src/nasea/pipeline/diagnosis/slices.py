"""Random architectures of one cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nasea.pipeline.probe import Prepared
from nasea.results.equal_cost import WIDTH
from nasea.space import Genome
from nasea.strategy import random_feasible

_POOL = 4000


def of_equal_cost(prepared: Prepared, cost: float, count: int) -> list[Genome]:
    """Random architectures that cost ``cost`` within 5 %, always the same for one scenario.

    Args:
        prepared: the scenario.
        cost: in the constraint's unit; it may exceed the budget.
        count: how many are wanted; a larger count begins with what a smaller one gives.

    Returns:
        Fewer where a bounded number of draws finds no more.

    Raises:
        BudgetError: no architecture is so cheap.
    """
    problem = replace(prepared.problem, budget=cost * (1 + WIDTH), limits=())
    pool = random_feasible(problem, _POOL, np.random.default_rng(prepared.scenario.seed))
    costs = prepared.costs(np.array(pool))
    inside = [g for g, c in zip(pool, costs, strict=True) if c >= cost * (1 - WIDTH)]
    return inside[:count]
