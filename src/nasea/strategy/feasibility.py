"""Whether several budgets can be met at once, exactly.

Layer after layer, of the partial architectures only those are kept that no other beats in every
cost, and whose cheapest completion is within every budget. What is left at the end proves that
there is an architecture, and nothing left that there is none.
"""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, Genome, Problem

_MOST = 20_000
"""Partial architectures kept; beyond it the cheapest stay, and the answer may miss one."""


def cheapest_within(problem: Problem) -> Genome | None:
    """The architecture of least cost that meets every budget; ``None`` where there is none."""
    views = problem.views
    origin = np.array([problem.cheapest], dtype=np.int64)
    layers = [
        np.column_stack([view.layer_costs[layer] for view in views])
        for layer in range(problem.layers)
    ]
    least = np.array([layer.min(axis=0) for layer in layers])
    fixed = np.array(
        [
            float(view.cost(origin)[0])
            - sum(float(c[g]) for c, g in zip(view.layer_costs, problem.cheapest, strict=True))
            for view in views
        ]
    )
    budgets = np.array([view.budget for view in views])
    budgets = budgets + 1e-9 * np.abs(budgets) - fixed
    sums, genomes = np.zeros((1, len(views))), np.empty((1, 0), dtype=np.int64)
    for index, layer in enumerate(layers):
        rest = least[index + 1 :].sum(axis=0)
        totals = sums[:, None, :] + layer
        rows, genes = np.nonzero((totals + rest <= budgets).all(axis=2))
        sums = totals[rows, genes]
        genomes = np.column_stack([genomes[rows], genes])
        kept = _unbeaten(sums)
        sums, genomes = sums[kept], genomes[kept]
    for genome in genomes:
        if problem.feasible(genome[None, :])[0]:
            return problem.canonical(tuple(int(gene) for gene in genome))
    return None


def _unbeaten(sums: FloatArray) -> list[int]:
    """Rows that no other equals or beats in every column, by rising first column."""
    order = np.lexsort(sums.T[::-1])
    kept: list[int] = []
    best = np.empty((0, sums.shape[1]))
    for row in order:
        if len(kept) == _MOST:
            break
        if not (best <= sums[row]).all(axis=1).any():
            kept.append(int(row))
            best = np.vstack([best, sums[row]])
    return kept
