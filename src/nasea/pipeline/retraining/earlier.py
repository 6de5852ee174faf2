"""Earlier retrainings: the plans of networks that were written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nasea.errors import ResultsError
from nasea.results.retrained import RETRAINED_FILE, Retrained, TrainingPlan

Length = tuple[int, float]
"""Epochs and initial learning rate of a retraining."""


def length_of(plan: TrainingPlan) -> Length:
    """Return the length of a plan."""
    return plan.epochs, plan.learning_rate


def planned_by(folder: Path) -> TrainingPlan | None:
    """Return the plan of the network in a folder; ``None`` if none was written there."""
    try:
        return Retrained.load(folder / RETRAINED_FILE).plan
    except ResultsError:
        return None


def plans_of(home: Path, target: Path) -> Iterator[TrainingPlan]:
    """Yield the plans of the networks written to a folder, and to those of its name put aside.

    A retraining puts its folder aside, a search the whole of ``results/``, and another choice of
    candidates the folder of the earlier ones.

    Args:
        home: the directory of the search.
        target: the folder.
    """
    aside = [
        path
        for name in (target.name, f"{target.name}.*")
        for path in home.glob(f"results*/**/{name}")
    ]
    for folder in dict.fromkeys((target, *sorted(aside))):
        plan = planned_by(folder)
        if plan is not None:
            yield plan
