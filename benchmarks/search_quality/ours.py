"""This project's strategies, as `nasea search` runs them."""

from __future__ import annotations

from tables import Table

from nasea.strategy import run_search, strategy_for
from nasea.strategy.problem import IntArray

POP_SIZE = 40


def searched(table: Table, seed: int, count: int, *, mode: str) -> IntArray:
    """Rows in the order in which a search scored them."""
    outcome = run_search(
        table.problem,
        table.evaluator(seed),
        pop_size=POP_SIZE,
        generations=-(-count // POP_SIZE),
        seed=seed,
        strategy=strategy_for(mode, table.problem),
    )
    return table.rows([record.genome for record in outcome.archive])[:count]
