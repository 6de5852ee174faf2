"""``nasea retrain --budget A,B``: a network for each budget, the largest first.

With distillation, what is retrained for a larger budget teaches the smaller networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasea.backends.training.distillation import no_class_scores_error
from nasea.config import ScenarioSource, load_scenario
from nasea.errors import NaseaError, Notice
from nasea.pipeline.retraining.halving import Choice, retrain_best
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.shortlist import SLACK
from nasea.pipeline.session.events import Listener, NoticesOnce, NullListener
from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE
from nasea.results.near import folder_near
from nasea.results.teachers import has_retrained_above


def retrain_for_budgets(
    config: ScenarioSource,
    budgets: Sequence[float],
    candidates: int,
    request: Request,
    *,
    formats: Sequence[str] | None = None,
    results: Path = Path("results"),
    directory: Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
) -> list[Choice]:
    """Retrain several results near each budget, finish the best, go on with the next smaller one.

    A repeated run with the same arguments resumes where it was stopped.

    With several budgets and distillation, a network has a teacher only where a larger one has been
    retrained. As a rule the largest budget's network has none.

    Args:
        config: the scenario of the search.
        budgets: the budgets, in the unit of the scenario's constraint.
        candidates: number of networks in the first round for each budget.
        request: the training options.
        formats: as for :func:`nasea.pipeline.retraining.retrain.retrain`.
        results: as for ``formats``.
        directory: as for ``formats``.
        restart: as for ``formats``.
        listener: receives progress.

    Returns:
        The result for each budget, the largest budget first.

    Raises:
        NaseaError: any fault that the user can fix; everything done so far is kept.
    """
    scenario = load_scenario(config).scenario
    if len({folder_near(scenario.constraint.type, budget) for budget in budgets}) < len(budgets):
        raise NaseaError("--budget names a cost twice", fix="name each once")
    if request.distill and scenario.task == "detection":  # said before the teacher is trained
        raise no_class_scores_error("boxes")
    heard_by = NoticesOnce(listener or NullListener())
    chosen: list[Choice] = []
    for budget in sorted(budgets, reverse=True):
        taught = request.distill
        if taught and len(budgets) > 1 and not has_retrained_above(results, SLACK * budget):
            unit = Front.load(results / FRONT_FILE).unit
            text = f"no network above {unit.phrase(budget)} is retrained: no teacher"
            heard_by.notice(Notice("--distill", text))
            taught = False
        chosen.append(
            retrain_best(
                config,
                budget,
                candidates,
                replace(request, distill=taught),
                formats=formats,
                results=results,
                directory=directory,
                restart=restart,
                listener=heard_by,
            )
        )
    return chosen
