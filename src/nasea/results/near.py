"""Candidates near a budget: a folder in ``results/``, written like the results of a search."""

from __future__ import annotations

from pathlib import Path

from nasea.results.picked import NEAR, Result, pick_result
from nasea.results.recommend import amount
from nasea.results.retrained import RETRAINED_FILE, Retrained
from nasea.terms import CostKind


def folder_near(quantity: CostKind, budget: float) -> str:
    """Return the name of the folder for a budget: ``near_3.2M_flops``."""
    return f"{NEAR}{amount(budget)}_{'ms' if quantity == 'latency' else quantity}"


def results_root(directory: Path) -> Path:
    """Return the results directory of a folder of candidates; other directories are their own."""
    return directory.parent if directory.name.startswith(NEAR) else directory


def trained_choice(
    results: Path, quantity: CostKind, budget: float, *, from_scratch: bool = False
) -> Result | None:
    """Return the candidate chosen by retraining, with the search's weights; ``None`` before that.

    Args:
        results: results directory of the search.
        quantity: the cost limited by the budget.
        budget: the budget, in the unit of that cost.
        from_scratch: whether it was chosen by training from initial values, not the search's
            weights.
    """
    folder = results / folder_near(quantity, budget)
    found = [Retrained.load(path) for path in folder.glob(f"retrained_*/{RETRAINED_FILE}")]
    found = [one for one in found if one.plan.from_scratch == from_scratch]
    if not found:
        return None
    best = max(found, key=lambda one: (one.member.accuracy, -one.member.number))
    return pick_result(folder, best.member.number)
