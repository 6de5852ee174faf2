"""The options of a retraining, and the scenario derived from them."""

from __future__ import annotations

from dataclasses import dataclass

from nasea.config import Scenario
from nasea.errors import NaseaError
from nasea.results.retrained import TrainingPlan

_LONG = 5_000
"""From so many updates on, a classifier ends higher from initial values (docs/decisions/0104)."""


@dataclass(frozen=True)
class Request:
    """The options of a retraining; ``None`` means the scenario's value.

    Attributes:
        from_scratch: start from initial values instead of the result's weights.
        epochs: number of epochs.
        learning_rate: initial learning rate.
        distill: also learn from the most accurate larger network (knowledge distillation).
        teacher_share: weight of the teacher in the loss.
        quantisation_aware: round to int8 in the forward pass of the last epochs.
    """

    from_scratch: bool = False
    epochs: int | None = None
    learning_rate: float | None = None
    distill: bool = False
    teacher_share: float = 0.5
    quantisation_aware: bool = False


def retrained_name(number: int, request: Request) -> str:
    """Return the name of the folder, the model file and the checkpoints of a retraining."""
    scratch = "_scratch" if request.from_scratch else ""
    distilled = "_distilled" if request.distill else ""
    return f"retrained_{number}{scratch}{distilled}{'_int8' if request.quantisation_aware else ''}"


def is_better_from_scratch(scenario: Scenario, images: int, epochs: int) -> bool:
    """Return whether a training is so long that initial values are the better start.

    Only for classification: other tasks are pre-trained, which the weights of the search contain.

    Args:
        scenario: the scenario of the search.
        images: number of training images.
        epochs: epochs of the training.
    """
    updates = epochs * (images // scenario.batch_size)
    return scenario.task == "classification" and updates >= _LONG


def planned(scenario: Scenario, plan: TrainingPlan) -> Scenario:
    """Return the scenario with the plan's epochs, learning rate and kind of score."""
    optimizer = scenario.optimizer.model_copy(update={"learning_rate": plan.learning_rate})
    changed = {"epochs": plan.epochs, "optimizer": optimizer}
    if plan.quantisation_aware:
        changed["searcher"] = scenario.searcher.model_copy(update={"score_as": "int8"})
    return scenario.model_copy(update=changed)


def plan_of(scenario: Scenario, request: Request, teacher: int | str | None) -> TrainingPlan:
    """Return the plan of a request.

    Args:
        scenario: supplies what the request leaves open.
        request: the user's options.
        teacher: what to learn from, if anything, as in the plan.

    Raises:
        NaseaError: an option is out of its range.
    """
    rate = request.learning_rate
    epochs = request.epochs
    for option, value, fits, rule in (
        ("--epochs", epochs, epochs is None or epochs > 0, "a whole number greater than 0"),
        ("--learning-rate", rate, rate is None or 0 < rate < 1, "a number between 0 and 1"),
        ("--teacher-share", request.teacher_share, 0 < request.teacher_share <= 1,
         "greater than 0, and 1 at most"),
    ):  # fmt: skip
        if not fits:
            raise NaseaError(f"{option} must be {rule}, found {value}", fix="give another value")
    return TrainingPlan(
        from_scratch=request.from_scratch,
        epochs=scenario.epochs if epochs is None else epochs,
        learning_rate=scenario.optimizer.learning_rate if rate is None else rate,
        teacher=teacher,
        teacher_share=request.teacher_share,
        quantisation_aware=request.quantisation_aware,
    )
