"""Draws random architectures of one cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nasea.pipeline.probe import Prepared
from nasea.results.equal_cost import WIDTH
from nasea.space import Genome
from nasea.strategy import random_feasible

_POOL = 4000


def of_equal_cost(prepared: Prepared, cost: float, count: int) -> list[Genome]:
    """Draw random architectures that cost ``cost`` within 5 %, reproducibly for a scenario.

    Args:
        prepared: the scenario.
        cost: the cost, in the constraint's unit; it may exceed the budget.
        count: how many to draw; a larger count begins with the architectures of a smaller one.

    Returns:
        At most ``count`` architectures; fewer if the draws, whose number is bounded, find no more.

    Raises:
        BudgetError: every architecture costs more.
    """
    problem = replace(prepared.problem, budget=cost * (1 + WIDTH), limits=())
    pool = random_feasible(problem, _POOL, np.random.default_rng(prepared.scenario.seed))
    costs = prepared.costs(np.array(pool))
    inside = [g for g, c in zip(pool, costs, strict=True) if c >= cost * (1 - WIDTH)]
    return inside[:count]
