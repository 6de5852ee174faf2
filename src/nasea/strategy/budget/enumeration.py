"""Enumerates all feasible architectures, if there are few."""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import IntArray, Problem

ENUMERATION_LIMIT = 200_000
"""Feasible genomes up to which a space is listed in full."""


def feasible_genomes(problem: Problem, limit: int = ENUMERATION_LIMIT) -> IntArray | None:
    """Return all feasible genomes, sorted, of shape (n, genes); ``None`` beyond ``limit``.

    Prefixes that even the cheapest completion leaves over budget are dropped as they arise, so
    the work follows the number of feasible genomes, not the size of the space. Genomes are not
    made canonical.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget, or that of a limit does.
    """
    views = problem.views
    extras = [view.chain.extras for view in views]
    # Sums rounded in another order must not drop a genome on the edge; the last line decides.
    slacks = [view.slack + 1e-9 * abs(view.budget) for view in views]
    genes = states = np.empty((1, 0), dtype=np.int64)
    state = np.zeros(1, dtype=np.int64)
    spent = [np.zeros(1) for _ in views]
    for layer in range(len(extras[0])):
        totals = [
            done[:, None, None] + extra[layer][state]
            for done, extra in zip(spent, extras, strict=True)
        ]
        fits = np.logical_and.reduce(
            [total <= slack for total, slack in zip(totals, slacks, strict=True)]
        )
        rows, state, gene = np.nonzero(fits)
        if len(rows) > limit:
            return None
        genes = np.column_stack([genes[rows], gene])
        states = np.column_stack([states[rows], state])
        spent = [total[rows, state, gene] for total in totals]
    genomes = problem.chain.genomes(genes, states)
    if problem.has_width:
        genomes = genomes[np.lexsort(genomes.T[::-1])]
    return genomes[problem.feasible(genomes)]
