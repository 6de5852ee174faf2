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
from nasea.cost import build_cost_model
from nasea.errors import NaseaError, NoTeacherError, Notice
from nasea.pipeline.probe import open_profile, open_space
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.shortlist import SLACK, most_expensive, unreachable
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
    directory: Path,
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
        directory: where ``user_module.py`` is.
        listener: receives notices.

    Returns:
        What ``retrain`` returned, the largest budget first.

    Raises:
        NaseaError: a budget is named twice or is below the cheapest network, or no network of this
            task can be taught.
    """
    if len({folder_near(scenario.constraint.type, budget) for budget in budgets}) < len(budgets):
        raise NaseaError("--budget names a cost twice", fix="name each once")
    if request.distill and scenario.task == "detection":  # said before the teacher is trained
        raise no_class_scores_error("boxes")
    if len(budgets) > 1:  # said before any network is trained
        _require_reachable(scenario, budgets, results, directory)
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


def _require_reachable(
    scenario: Scenario, budgets: Sequence[float], results: Path, directory: Path
) -> None:
    """Raise NaseaError if the cheapest network costs more than one of the budgets."""
    kind = scenario.constraint.type
    profile = open_profile(scenario, directory)
    opened = open_space(scenario, directory)
    try:
        ends = (opened.pre_net.costs, opened.post_net.costs)
        costs = build_cost_model(opened.space, kind, ends, profile, opened.user_subgraphs)
        least = costs.cheapest_of(kind)
    finally:
        opened.backend.close()
    for budget in budgets:
        if most_expensive(scenario, budget) < least:
            raise unreachable(Front.load(results / FRONT_FILE).unit, budget, least)
