"""Listing every feasible architecture, where they are few."""

from __future__ import annotations

import numpy as np

from nasea.search.problem import IntArray, Problem

ENUMERATION_LIMIT = 200_000
"""Feasible genomes up to which a space is listed in full."""


def feasible_genomes(problem: Problem, limit: int = ENUMERATION_LIMIT) -> IntArray | None:
    """All feasible genomes in lexicographic order, shape (n, layers); ``None`` beyond ``limit``.

    Prefixes that even the cheapest completion leaves over budget are dropped as they arise, so
    the work follows the number of feasible genomes, not the size of the space. Genomes are not
    made canonical.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """
    extras = [costs - costs.min() for costs in problem.layer_costs]
    # Sums rounded in another order must not drop a genome on the edge; the last line decides.
    slack = problem.slack + 1e-9 * abs(problem.budget)
    genomes = np.empty((1, 0), dtype=np.int64)
    spent = np.zeros(1)
    for extra in extras:
        totals = spent[:, None] + extra
        rows, genes = np.nonzero(totals <= slack)
        if len(rows) > limit:
            return None
        genomes = np.column_stack([genomes[rows], genes])
        spent = totals[rows, genes]
    return genomes[problem.cost(genomes) <= problem.budget]
