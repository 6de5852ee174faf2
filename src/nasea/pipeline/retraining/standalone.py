"""Trains one network stand-alone, as a supernet with a single path; resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasea.backends import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.config import Scenario
from nasea.errors import Notice, TrainingError
from nasea.pipeline.opening import Opened, genome_of, open_scenario
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener, NullListener, Progress, Stage
from nasea.pipeline.session.pace import Pace
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet_training import SupernetTraining
from nasea.results.picked import Result
from nasea.space import Space


@dataclass(frozen=True)
class Job:
    """A stand-alone training.

    Attributes:
        key: identifies the training; names everything that affects its result.
        space: builds the space of this one network from the scenario's opened data.
        seed: seed of the initial values and of the order of images.
        weights: file of the initial weights; ``None`` for the framework's initial values.
        teacher: a network to learn from as well, and its share of the loss; if any.
        at_end: called with the trained network, before the backend is closed.
    """

    key: str
    space: Callable[[Opened], Space]
    seed: int
    weights: Path | None = None
    teacher: tuple[Result, float] | None = None
    at_end: Callable[[AttachedBackend, Space, Measurement], None] | None = None


class StandaloneTraining(SupernetTraining):
    """A single architecture, trained as a supernet with a single path."""

    stage = "fidelity"
    title = "stand-alone training"
    curves = "alone/"

    _seconds_before = 0.0
    _began: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds of training so far, including those before a restart."""
        now = 0.0 if self._began is None else time.monotonic() - self._began
        return self._seconds_before + now

    def run(self) -> None:
        """Train to the last epoch."""
        super().run()
        self._seconds_before, self._began = self.seconds, None

    def more_meta(self) -> dict[str, Any]:
        """Return the training time."""
        return {"seconds": self.seconds}

    def take_meta(self, meta: Mapping[str, Any]) -> None:
        """Restore the training time."""
        self._seconds_before = float(meta.get("seconds", 0.0))

    def train_epoch(self) -> None:
        """Train one epoch and add its time."""
        if self._began is None:
            self._began = time.monotonic()
        super().train_epoch()


class Counter(NullListener):
    """Listener of consecutive trainings; reports their progress as a whole.

    Args:
        listener: receives progress.
        stage: the stage of the trainings.
        done: number of trainings finished earlier.
        total: number of all trainings.
    """

    def __init__(self, listener: Listener, stage: Stage, done: int, total: int) -> None:
        self.done = done
        self._listener = listener
        self._stage = stage
        self._total = total
        self._pace = Pace()

    def one_more(self) -> None:
        """Count a finished training."""
        self.done += 1

    def notice(self, notice: Notice) -> None:
        """Pass the notice on."""
        self._listener.notice(notice)

    def progress(self, progress: Progress) -> None:
        """Report the progress as a fraction of all trainings."""
        share = round(1000 * (self.done + progress.done / progress.total))
        left = self._pace.seconds_left(share, 1000 * self._total)
        figures = {"training": f"{self.done + 1} of {self._total}", **progress.figures}
        self._listener.progress(
            Progress(self._stage, progress.done, progress.total, "update", left, figures)
        )


class StandaloneTrainer:
    """Trains networks stand-alone, one after the other, each resumable.

    Args:
        scenario: specifies data, optimiser and devices.
        epochs: epochs of each training.
        home: where ``user_module.py`` is.
        folder: folder for the checkpoints of the current training.
        identity: identifies the checkpoints, together with the job's key.
        session: listener, journal, stop and processes.
    """

    def __init__(
        self,
        scenario: Scenario,
        epochs: int,
        home: Path,
        folder: Path,
        identity: Mapping[str, str],
        session: Session,
    ) -> None:
        self.scenario = scenario
        self.epochs = epochs
        self.home = home
        self.store = CheckpointStore(folder, "train")
        self.identity = identity
        self.session = session

    def train(self, job: Job, listener: Listener) -> tuple[Measurement, float]:
        """Train a network; a failure is returned, not raised.

        Args:
            job: the training.
            listener: receives progress.

        Returns:
            The metric on all of val_dir with the weights of the last epoch; the seconds of
            training, including those before a restart, without opening data and measuring.
        """
        scenario = self.scenario.model_copy(update={"epochs": self.epochs, "seed": job.seed})
        stored = self.store.load([])
        marks = {**self.identity, "plan": job.key}
        if stored is not None and stored.meta["identity"] != marks:
            self.store.clear()
            stored = None
        workers = None if stored is None else int(stored.meta["workers"])
        opened = open_scenario(scenario, self.home, workers, group=self.session.group)
        training: StandaloneTraining | None = None
        try:
            space = job.space(opened)
            genome = (0,) * len(space.layers)
            backend = opened.backend.attach(space, job.seed)
            if job.weights is not None:
                backend.inherit(genome, job.weights)
            if job.teacher is not None:
                teacher, share = job.teacher
                taught_by = genome_of(opened.space, teacher)
                backend.set_teacher(opened.space, taught_by, teacher.weights, share)
            seconds = backend.try_candidates(lambda done, total: None)
            if stored is None:
                backend.choose_workers(seconds)
            session = replace(self.session, listener=listener)
            training = StandaloneTraining(scenario, backend, space, 1, self.store, marks, session)
            training.begins_trained = job.weights is not None
            training.run()
            measured = backend.measure(genome, EvaluationSubset())
            if job.at_end is not None and measured.metric is not None:
                job.at_end(backend, space, measured)
        except TrainingError as error:  # other networks may still train
            measured = Measurement(None, error.message)
        finally:
            opened.backend.close()
        self.store.clear()
        return measured, 0.0 if training is None else training.seconds
