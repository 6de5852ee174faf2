"""One command for several budgets: the largest first, which then teaches the smaller ones."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nasea.config import load_scenario
from nasea.errors import NaseaError, NotAvailableError, NoTeacherError
from nasea.pipeline.retraining import budgets
from nasea.pipeline.retraining.budgets import for_each_budget
from nasea.pipeline.retraining.halving import Choice, retrain_best
from nasea.pipeline.retraining.plan import Request, is_better_from_scratch

from .project import Project, Recorder

pytest_plugins = ["pipeline.fixtures"]

REQUEST = Request(epochs=1, distill=True)


def run(
    project: Project,
    costs: list[float],
    request: Request = REQUEST,
    listener: Recorder | None = None,
) -> list[Choice]:
    config, results = project.home / "scen.yaml", project.home / "results"
    heard_by = listener or Recorder()

    places: dict[str, Any] = {"results": results, "directory": project.home}

    def retrain(budget: float, options: Request) -> Choice:
        return retrain_best(config, budget, 1, options, formats=(), listener=heard_by, **places)

    scenario = load_scenario(config).scenario
    return for_each_budget(scenario, costs, request, retrain, listener=heard_by, **places)


def test_what_is_retrained_for_the_largest_budget_teaches_the_others(project: Project) -> None:
    front = project.front()
    costs = [front.cost_of(member) for member in front]
    small, large = min(costs), max(costs)
    (first,) = run(project, [large], Request(epochs=1))
    # After one epoch it need not be better than its student.
    made = first.outcome.retrained
    better = replace(made, member=replace(made.member, accuracy=1.0, metric=1.0))
    better.save(first.outcome.directory / "retrained.json")

    heard = Recorder()
    again, taught = (one.outcome for one in run(project, [small, large], listener=heard))
    assert again.directory == first.outcome.directory
    assert "no network above" in heard.text and "no teacher" in heard.text
    folder = first.outcome.directory
    assert taught.retrained.plan.teacher == f"{folder.parent.name}/{folder.name}"
    assert taught.retrained.member.parameters < made.member.parameters


def test_where_no_larger_network_is_better_each_is_trained_alone(
    finished: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the larger one was trained too briefly."""
    monkeypatch.setattr(budgets, "has_retrained_above", lambda results, cost: True)
    made: list[tuple[float, bool]] = []

    def retrain(budget: float, options: Request) -> float:
        made.append((budget, options.distill))
        if options.distill and budget < 50e3:
            raise NoTeacherError("architecture 3 has no teacher")
        return budget

    scenario = load_scenario(finished.home / "scen.yaml").scenario
    places: dict[str, Any] = {
        "results": finished.home / "results",
        "directory": finished.home,
        "listener": Recorder(),
    }
    assert for_each_budget(scenario, [20e3, 50e3], REQUEST, retrain, **places) == [50e3, 20e3]
    assert made == [(50e3, True), (20e3, True), (20e3, False)]
    assert "architecture 3 has no teacher; it is trained without one" in places["listener"].text
    with pytest.raises(NoTeacherError):
        for_each_budget(scenario, [20e3], REQUEST, retrain, **places)


def test_a_budget_that_no_network_meets_is_told_before_any_training(project: Project) -> None:
    heard = Recorder()
    with pytest.raises(
        NaseaError, match="no architecture costs at most 0.10 k parameters"
    ) as caught:
        run(project, [50e3, 100.0], listener=heard)
    assert "the cheapest costs" in str(caught.value.fix)
    assert not heard.stages


def test_a_budget_named_twice_is_refused(project: Project) -> None:
    with pytest.raises(NaseaError, match="names a cost twice"):
        run(project, [50e3, 50e3])


def test_a_detector_is_not_trained_before_it_is_said_to_have_no_teacher(project: Project) -> None:
    project.scenario(
        ("image_classification", "object_detection"),
        ("      train_dir:", "      pre_train_dir: anywhere\n      train_dir:"),
    )
    heard = Recorder()
    with pytest.raises(NotAvailableError, match="PostNet's output is boxes"):
        run(project, [50e3, 20e3], listener=heard)
    assert not heard.stages


@pytest.mark.parametrize(
    ("task", "images", "epochs", "better"),
    [
        ("classification", 8000, 15, False),
        ("classification", 8000, 40, True),
        ("classification", 320_000, 1, True),
        ("detection", 8000, 400, False),
    ],
)
def test_a_long_training_of_a_classifier_begins_with_initial_values(
    task: str, images: int, epochs: int, better: bool
) -> None:
    scenario = cast(Any, SimpleNamespace(task=task, batch_size=64))
    assert is_better_from_scratch(scenario, images, epochs) == better
