"""Training one network: epochs, each measured; the best weights kept; checkpoints all the way."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nasea.backends.records import Slice, UpdateReport
from nasea.errors import MetricError, Notice, RankLostError
from nasea.pipeline.opening import Opened
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.checkpoint import Checkpoint, CheckpointStore
from nasea.pipeline.session.events import Progress
from nasea.pipeline.session.pace import Pace
from nasea.pipeline.session.session import Session
from nasea.results.retrained import EpochRow, TrainingPlan
from nasea.space import Genome

SAVE_SECONDS = 180.0
"""A long epoch is saved this often."""


@dataclass(frozen=True)
class Course:
    """How far a training is; what a checkpoint holds besides the state of the backend.

    Attributes:
        epoch: epochs done.
        step: updates done of the next one.
        loss_sum: of these.
        rows: the network at the beginning and after every epoch.
        best: position in ``rows`` of what the best weights are; ``None`` before any was measured.
        best_weights: a weights file; empty before any was measured.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    rows: tuple[EpochRow, ...] = ()
    best: int | None = None
    best_weights: bytes = b""


class Retraining:
    """Trains the only architecture of a supernet.

    Args:
        opened: the run; its space has one candidate a layer, and the backend is ready to begin.
        plan: how to train.
        direction: how a metric becomes an accuracy.
        store: checkpoints.
        identity: what the checkpoints are marked with.
        session: listener, journal and stop.
    """

    def __init__(
        self,
        opened: Opened,
        plan: TrainingPlan,
        direction: Direction,
        store: CheckpointStore,
        identity: Mapping[str, str],
        session: Session,
    ) -> None:
        self.opened = opened
        self.backend = opened.backend
        self.plan = plan
        self.direction = direction
        self.store = store
        self.identity = identity
        self.session = session
        self.course = Course()
        self._genome: Genome = (0,) * len(opened.space.layers)
        self._steps = 0
        self._saved_at = 0.0
        self._pace = Pace()

    def run(self, stored: Checkpoint | None, until: int | None = None) -> Course:
        """Train to the last epoch, from a checkpoint or from the beginning.

        Args:
            stored: the checkpoint.
            until: stop after this epoch of the plan, saved, to go on another time.

        Raises:
            MetricError: the metric failed before training and after every epoch.
        """
        self._steps = self.backend.begin_training(1, self.opened.scenario.seed)
        if stored is not None:
            self._resume(stored)
        last = self.plan.epochs if until is None else min(until, self.plan.epochs)
        if self.course.epoch >= last:
            done = "retrained" if last == self.plan.epochs else f"trained to epoch {last}"
            self.session.listener.line(f"the network is {done}: {self.plan.words}")
        else:
            self.session.listener.begin("retrain", f"retraining: {self.plan.words}")
        if not self.course.rows:
            self._measure(None)
            self._save()
        self._saved_at = time.monotonic()
        while self.course.epoch < last:
            self._train_epoch()
        if self.course.best is None and last == self.plan.epochs:
            raise MetricError("the user's metric failed on the network after every epoch")
        return self.course

    def _train_epoch(self) -> None:
        epoch = self.course.epoch
        images = seconds = 0.0

        def on_update(report: UpdateReport) -> None:
            nonlocal images, seconds
            images += report.images
            seconds += report.seconds
            self.course = replace(
                self.course, step=report.step, loss_sum=self.course.loss_sum + report.loss
            )
            self._report(report, images / max(seconds, 1e-9))
            if self.session.stop.requested or time.monotonic() - self._saved_at > SAVE_SECONDS:
                self._save()
            self.session.stop.check()

        try:
            self.backend.train_epoch(epoch, lambda _: self._genome, on_update, self.course.step)
        except RankLostError:
            self._save()  # the weights are those of the last update
            raise
        loss = self.course.loss_sum / max(self.course.step, 1)
        self.course = replace(self.course, epoch=epoch + 1, step=0, loss_sum=0.0)
        self._measure(loss)
        self._save()

    def _measure(self, loss: float | None) -> None:
        """Enter the network as it is now; keep its weights when it is the best so far."""
        measured = self.backend.measure(self._genome, Slice())
        row = EpochRow(self.course.epoch, measured.metric, loss)
        rows = (*self.course.rows, row)
        self.course = replace(self.course, rows=rows)
        listener = self.session.listener
        if measured.metric is None:
            text = f"the metric failed after epoch {row.epoch}: {measured.failure}"
            listener.notice(Notice("retrain", text))
        elif self._is_best(measured.metric):
            weights = self._weights()
            self.course = replace(self.course, best=len(rows) - 1, best_weights=weights)
        listener.line(self._told(row))
        if measured.metric is not None:
            accuracy = self.direction.accuracy(measured.metric)
            self.session.journal.events.scalar("accuracy", accuracy, row.epoch * self._steps)

    def _is_best(self, metric: float) -> bool:
        """Whether no earlier epoch was better; of equals the later has learned longer."""
        if self.course.best is None:
            return True
        before = self.course.rows[self.course.best].metric
        assert before is not None
        return self.direction.accuracy(metric) >= self.direction.accuracy(before)

    def _weights(self) -> bytes:
        """The weights file of the network as it is now."""
        with tempfile.TemporaryDirectory(prefix="nasea-") as folder:
            path = Path(folder) / f"network{self.backend.weights_suffix}"
            self.backend.write_weights(self._genome, path)
            return path.read_bytes()

    def _told(self, row: EpochRow) -> str:
        what = f"epoch {row.epoch}/{self.plan.epochs}" if row.epoch else "before training"
        loss = "" if row.loss is None else f"loss {row.loss:.4f}, "
        if row.metric is None:
            return f"{what}: {loss}metric failed"
        best = ", the best so far" if self.course.rows[self.course.best or 0] is row else ""
        return f"{what}: {loss}accuracy {self.direction.accuracy(row.metric):.4f}{best}"

    def _report(self, report: UpdateReport, speed: float) -> None:
        step, total = report.global_step, self._steps * self.plan.epochs
        left = self._pace.seconds_left(step, total)
        figures = {
            "loss": f"{report.loss:.4f}",
            "lr": f"{report.learning_rate:.3g}",
            "images/s": f"{speed:.0f}",
        }
        progress = Progress("retrain", step, total, "update", left, figures)
        self.session.listener.progress(progress)
        events = self.session.journal.events
        events.scalar("loss", report.loss, step)
        events.scalar("lr", report.learning_rate, step)
        events.scalar("images_per_s", speed, step)

    def _resume(self, stored: Checkpoint) -> None:
        meta = stored.meta["course"]
        size = int(stored.meta["state_bytes"])
        rows = tuple(EpochRow(**row) for row in meta.pop("rows"))
        course = Course(rows=rows, best_weights=stored.payload[size:], **meta)
        step = self.backend.restore(stored.payload[:size], course.step)
        self.course = replace(course, step=step)
        if self.course.epoch < self.plan.epochs:
            self.session.listener.line(
                f"going on from epoch {self.course.epoch}, update {self.course.step} of it, as if "
                "unbroken (unless your data draw from generators of their own)"
            )

    def _save(self) -> None:
        course = asdict(self.course)
        weights = course.pop("best_weights")
        state = self.backend.state()
        meta: dict[str, Any] = {
            "identity": dict(self.identity),
            "workers": self.backend.workers,
            "plan": asdict(self.plan),
            "state_bytes": len(state),
            "course": course,
        }
        self.store.save(meta, state + weights)
        self._saved_at = time.monotonic()
