"""The loop over epochs of any training: progress, stops, checkpoints and resuming."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nasea.backends.base import TrainingBackend
from nasea.backends.records import UpdateReport
from nasea.errors import RankLostError
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Progress, Stage
from nasea.pipeline.session.pace import Pace
from nasea.pipeline.session.session import Session
from nasea.space import Genome

SAVE_SECONDS = 180.0
"""A long epoch is saved this often."""

CURVE_POINTS = 20_000
"""Approximate maximum of points on each curve of a training."""


def on_curve(step: int, total: int) -> bool:
    """Return whether TensorBoard shows an update: the first, the last, and evenly between.

    Args:
        step: updates so far, from 1.
        total: updates of the training.
    """
    return step in (1, total) or step % -(-total // CURVE_POINTS) == 0


@dataclass
class Seen:
    """The updates of an epoch that this start made.

    Attributes:
        losses: loss of each update.
        images: number of training images in these updates.
        seconds: duration of these updates.
    """

    losses: list[float] = field(default_factory=list)
    images: int = 0
    seconds: float = 0.0

    def add(self, report: UpdateReport) -> None:
        """Add an update."""
        self.losses.append(report.loss)
        self.images += report.images
        self.seconds += report.seconds

    @property
    def speed(self) -> float:
        """The number of images per second."""
        return self.images / max(self.seconds, 1e-9)


class EpochLoop(ABC):
    """Base class of trainings; saves after each epoch, and during a long one.

    Args:
        backend: the backend that trains.
        epochs: epochs of the whole training.
        paths: returns the path to train, given the number of paths trained before.
        store: stores checkpoints.
        identity: identifies the training; stored in its checkpoints.
        session: listener, journal and stop request, checked after every update.

    Attributes:
        epoch: number of finished epochs.
        step: number of finished updates of the epoch after that.
    """

    stage: Stage = "train"
    curves = ""
    """What stands before the names of the curves."""

    def __init__(
        self,
        backend: TrainingBackend,
        epochs: int,
        paths: Callable[[int], Genome],
        store: CheckpointStore,
        identity: Mapping[str, str],
        session: Session,
    ) -> None:
        self.backend = backend
        self.epochs = epochs
        self.paths = paths
        self.store = store
        self.identity = identity
        self.session = session
        self.weights_version = ""
        self.epoch = 0
        self.step = 0
        self._saved_at = 0.0
        self._pace = Pace()

    @abstractmethod
    def after_epoch(self, seen: Seen) -> None:
        """Run after each epoch, before the checkpoint is written."""

    @abstractmethod
    def meta(self, state: bytes) -> dict[str, Any]:
        """Return the progress of the training, as JSON values for the checkpoint of this state."""

    def more_bytes(self) -> bytes:
        """Return bytes that the checkpoint holds after the backend's state."""
        return b""

    def updated(self, report: UpdateReport) -> None:
        """Run after every update."""
        self.step = report.step

    def more_figures(self) -> dict[str, str]:
        """Return further values to show with the progress, by label."""
        return {}

    def train_to(self, last: int) -> None:
        """Train until this many epochs are finished."""
        self._saved_at = time.monotonic()
        while self.epoch < min(last, self.epochs):  # which may end early
            self.train_epoch()

    def train_epoch(self) -> None:
        """Train the rest of the current epoch, then save."""
        seen = Seen()
        stop = self.session.stop

        def on_update(report: UpdateReport) -> None:
            seen.add(report)
            self.updated(report)
            self._report(report, seen.speed)
            if stop.requested or time.monotonic() - self._saved_at > SAVE_SECONDS:
                self.save()
            stop.check()

        try:
            self.backend.train_epoch(self.epoch, self.paths, on_update, self.step)
        except RankLostError:
            self.save()  # the weights are those of the last update
            raise
        self.epoch, self.step = self.epoch + 1, 0
        self.after_epoch(seen)
        self.save()

    def save(self) -> None:
        """Write a checkpoint."""
        state = self.backend.state()
        meta: dict[str, Any] = {
            "identity": dict(self.identity),
            "workers": self.backend.workers,
            **self.meta(state),
        }
        self.weights_version = self.store.save(meta, state + self.more_bytes())
        self._saved_at = time.monotonic()

    def report_resumed(self) -> None:
        """Report where training resumes, unless it is finished."""
        if self.epoch < self.epochs:
            self.session.listener.line(
                f"resuming from epoch {self.epoch}, update {self.step} of it, as if unbroken "
                "(unless your data draw from generators of their own)"
            )

    def _report(self, report: UpdateReport, speed: float) -> None:
        step, total = report.global_step, self.backend.steps_per_epoch * self.epochs
        left = self._pace.seconds_left(step, total)
        figures = {
            "epoch": f"{self.epoch + 1}/{self.epochs}",
            "loss": f"{report.loss:.4f}",
            **self.more_figures(),
            "lr": f"{report.learning_rate:.3g}",
            "images/s": f"{speed:.0f}",
        }
        progress = Progress(self.stage, step, total, "update", left, figures)
        self.session.listener.progress(progress)
        if not on_curve(step, total):
            return
        events = self.session.journal.events
        events.scalar(f"{self.curves}loss", report.loss, step)
        events.scalar(f"{self.curves}lr", report.learning_rate, step)
        events.scalar(f"{self.curves}images_per_s", speed, step)
