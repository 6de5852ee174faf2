"""Decides exactly whether several budgets can be met at once.

Layer after layer, of the partial architectures only those are kept that no other of the same width
beats in every cost, and whose cheapest completion is within every budget. What is left at the end
proves that there is an architecture, and nothing left that there is none.
"""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, Genome, IntArray, Problem

_MOST = 20_000
"""Partial architectures kept; beyond it the cheapest stay, and the answer may miss one."""


def cheapest_within(problem: Problem) -> Genome | None:
    """Return the architecture of least cost that meets every budget; ``None`` without one."""
    views = problem.views
    extras = [view.chain.extras for view in views]
    slacks = np.array(
        [view.budget + 1e-9 * abs(view.budget) - view.cheapest_cost for view in views]
    )
    sums = np.zeros((1, len(views)))
    genes = states = np.empty((1, 0), dtype=np.int64)
    state = np.zeros(1, dtype=np.int64)
    for layer in range(len(extras[0])):
        # What no completion brings under every budget is above the slack of one already.
        steps = np.stack([extra[layer][state] for extra in extras], axis=-1)
        totals = sums[:, None, None, :] + steps
        rows, state, gene = np.nonzero((totals <= slacks).all(axis=3))
        sums = totals[rows, state, gene]
        genes = np.column_stack([genes[rows], gene])
        states = np.column_stack([states[rows], state])
        kept = _unbeaten(sums, state)
        sums, genes, states, state = sums[kept], genes[kept], states[kept], state[kept]
    for genome in problem.chain.genomes(genes, states):
        if problem.feasible(genome[None, :])[0]:
            return problem.canonical(tuple(int(gene) for gene in genome))
    return None


def _unbeaten(sums: FloatArray, state: IntArray) -> list[int]:
    """Rows that no other of their state equals or beats in every column, by rising first column."""
    order = np.lexsort(sums.T[::-1])
    kept: list[int] = []
    best = {int(one): np.empty((0, sums.shape[1])) for one in np.unique(state)}
    for row in order:
        if len(kept) == _MOST:
            break
        rivals = best[int(state[row])]
        if not (rivals <= sums[row]).all(axis=1).any():
            kept.append(int(row))
            best[int(state[row])] = np.vstack([rivals, sums[row]])
    return kept
