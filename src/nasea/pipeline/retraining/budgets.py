"""``nasea retrain --budget A,B``: a network for each budget, the largest first.

With distillation, what is retrained for a larger budget teaches the smaller networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nasea.backends.training.distillation import no_class_scores_error
from nasea.config import Scenario
from nasea.errors import NaseaError, NoTeacherError, Notice
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.shortlist import SLACK
from nasea.pipeline.session.events import Listener
from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE
from nasea.results.near import folder_near
from nasea.results.teachers import has_retrained_above

T = TypeVar("T")


def for_each_budget(
    scenario: Scenario,
    budgets: Sequence[float],
    request: Request,
    retrain: Callable[[float, Request], T],
    *,
    results: Path,
    listener: Listener,
) -> list[T]:
    """Retrain for each budget, the largest first.

    With several budgets and distillation, a network has a teacher only where a larger one has been
    retrained. As a rule the largest budget's network has none.

    Args:
        scenario: the scenario of the search.
        budgets: the budgets, in the unit of the scenario's constraint.
        request: the training options.
        retrain: retrains for a budget, with options.
        results: results directory of the search.
        listener: receives notices.

    Returns:
        What ``retrain`` returned, the largest budget first.

    Raises:
        NaseaError: a budget is named twice, or no network of this task can be taught.
    """
    if len({folder_near(scenario.constraint.type, budget) for budget in budgets}) < len(budgets):
        raise NaseaError("--budget names a cost twice", fix="name each once")
    if request.distill and scenario.task == "detection":  # said before the teacher is trained
        raise no_class_scores_error("boxes")
    outcomes: list[T] = []
    for budget in sorted(budgets, reverse=True):
        taught = request.distill
        if taught and len(budgets) > 1 and not has_retrained_above(results, SLACK * budget):
            unit = Front.load(results / FRONT_FILE).unit
            text = f"no network above {unit.phrase(budget)} is retrained: no teacher"
            listener.notice(Notice("--distill", text))
            taught = False
        try:
            outcomes.append(retrain(budget, replace(request, distill=taught)))
        except NoTeacherError as error:
            if len(budgets) == 1:
                raise
            listener.notice(Notice("--distill", f"{error.message}; it is trained without one"))
            outcomes.append(retrain(budget, replace(request, distill=False)))
    return outcomes
