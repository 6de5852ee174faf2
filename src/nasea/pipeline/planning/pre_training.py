"""Measures how long pre-training takes if a search has to do it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.backends import ProcessGroup
from nasea.pipeline.planning.speeds import PACE_SECONDS, TrainingSpeed, training_speed
from nasea.pipeline.planning.stages import StageTime, training_stage
from nasea.pipeline.probe import Prepared
from nasea.pipeline.session.events import Listener
from nasea.pipeline.supernet.paths import FairPaths
from nasea.pipeline.supernet.pre_training import (
    CLASSIFICATION_SCENARIO,
    classification_scenario,
    is_due,
    open_pre_training,
    paths_per_update,
)


@dataclass(frozen=True)
class PreTrainingSpeed:
    """The speed of pre-training.

    Attributes:
        speed: training speed of its supernet.
        epochs: number of epochs.
        follows_search: whether this number is that of the search's supernet.
    """

    speed: TrainingSpeed
    epochs: int
    follows_search: bool

    @property
    def stage(self) -> StageTime:
        """Pre-training as a stage of the job."""
        return training_stage("pre-training", self.epochs, self.speed)


def pre_training_speed(
    prepared: Prepared, home: Path, listener: Listener, group: ProcessGroup | None = None
) -> PreTrainingSpeed | None:
    """Measure the speed of pre-training; return ``None`` if none is due.

    Args:
        prepared: the run.
        home: where the user's files are.
        listener: receives progress.
        group: the processes that compute; by default only this one.
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
    follows = not (home / CLASSIFICATION_SCENARIO).is_file()
    return PreTrainingSpeed(speed, wanted.epochs, follows)
