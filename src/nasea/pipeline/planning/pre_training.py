"""What pre-training will take, where a search has to do it."""

from __future__ import annotations

from pathlib import Path

from nasea.backends import ProcessGroup
from nasea.pipeline.planning.speeds import PACE_SECONDS, TrainingSpeed, training_speed
from nasea.pipeline.planning.stages import StageTime, training_stage
from nasea.pipeline.probe import Prepared
from nasea.pipeline.search.paths import FairPaths
from nasea.pipeline.search.pre_training import (
    CLASSIFICATION_SCENARIO,
    classification_scenario,
    is_due,
    open_pre_training,
    paths_per_update,
)
from nasea.pipeline.session.events import Listener


def pre_training_stage(prepared: Prepared, home: Path, listener: Listener) -> StageTime | None:
    """Pre-training with the epochs that the scenario gives it; ``None`` where it is not due."""
    found = pre_training_speed(prepared, home, listener)
    if found is None:
        return None
    speed, epochs, _ = found
    return training_stage("pre-training", epochs, speed)


def pre_training_speed(
    prepared: Prepared, home: Path, listener: Listener, group: ProcessGroup | None = None
) -> tuple[TrainingSpeed, int, bool] | None:
    """How fast pre-training is, its epochs, and whether these are those of the search.

    ``None`` where it is not due.

    Args:
        prepared: the run.
        home: where the user's files are.
        listener: hears of progress.
        group: the processes that compute; by default this one alone.
    """
    if not is_due(prepared.scenario, home):
        return None
    listener.line("probing what pre-training trains on")
    wanted = classification_scenario(prepared.scenario, home)
    opened, backend = open_pre_training(wanted, home, prepared.space.taps, group)
    try:
        paths = FairPaths(opened.space, wanted.seed)
        speed = training_speed(backend, paths_per_update(opened), paths, PACE_SECONDS, home)
    finally:
        opened.backend.close()
    return speed, wanted.epochs, not (home / CLASSIFICATION_SCENARIO).is_file()
