"""Trains one network: measures every epoch, keeps good weights, writes checkpoints."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nasea.backends.records import EvaluationSubset, UpdateReport
from nasea.errors import MetricError, Notice
from nasea.pipeline.epochs import EpochLoop, Seen
from nasea.pipeline.probe import Built
from nasea.pipeline.retraining.kept import comparable, is_kept
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.checkpoint import Checkpoint, CheckpointStore
from nasea.pipeline.session.events import Round
from nasea.pipeline.session.session import Session
from nasea.results.retrained import EpochRow, TrainingPlan
from nasea.space import Genome


@dataclass(frozen=True)
class Course:
    """Progress of a training, stored in its checkpoint beside the backend's state.

    Attributes:
        epoch: finished epochs.
        step: finished updates of the epoch after that.
        loss_sum: sum of the losses of these updates.
        rows: measurements before training and after every epoch.
        kept: index in ``rows`` of the kept weights; ``None`` before the first measurement.
        weights: content of a weights file; empty before the first measurement.
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    rows: tuple[EpochRow, ...] = ()
    kept: int | None = None
    weights: bytes = b""


class Retraining(EpochLoop):
    """Trains the only architecture of a supernet.

    Args:
        opened: the run, not trained yet; its space has one candidate per layer.
        plan: how to train.
        direction: converts a metric into an accuracy.
        store: checkpoints.
        identity: identifies the training; stored in its checkpoints.
        session: listener, journal and stop.
    """

    stage = "retrain"

    def __init__(
        self,
        opened: Built,
        plan: TrainingPlan,
        direction: Direction,
        store: CheckpointStore,
        identity: Mapping[str, str],
        session: Session,
    ) -> None:
        self._genome: Genome = (0,) * len(opened.space.layers)
        backend = opened.backend.begin_training(1, opened.scenario.seed)
        super().__init__(backend, plan.epochs, lambda _: self._genome, store, identity, session)
        self.plan = plan
        self.direction = direction
        self._course = Course()

    @property
    def course(self) -> Course:
        """The progress so far."""
        return replace(self._course, epoch=self.epoch, step=self.step)

    def run(self, stored: Checkpoint | None, until: int | None = None) -> Course:
        """Train to the last epoch, starting from a checkpoint if there is one.

        Args:
            stored: the checkpoint to resume from; ``None`` to start from the beginning.
            until: stop after this epoch and save a checkpoint; a later call continues.

        Raises:
            MetricError: the metric failed before training and after every epoch.
        """
        if stored is not None:
            self._resume(stored)
        last = self.plan.epochs if until is None else min(until, self.plan.epochs)
        if self.epoch >= last:
            done = "retrained" if last == self.plan.epochs else f"trained to epoch {last}"
            self.session.listener.line(f"the network is {done}: {self.plan.words}")
        else:
            self.session.listener.begin("retrain", f"retraining: {self.plan.words}")
            if until is None:
                self.session.forecast.expect({})
        if not self._course.rows:
            self._measure(None)
            self.save()
        self.train_to(last)
        if self._course.kept is None and last == self.plan.epochs:
            raise MetricError("the user's metric failed on the network after every epoch")
        return self.course

    def more_figures(self) -> dict[str, str]:
        """Return the accuracy after the last epoch."""
        metric = self._course.rows[-1].metric if self._course.rows else None
        return {} if metric is None else {"accuracy": f"{self.direction.accuracy(metric):.4f}"}

    def updated(self, report: UpdateReport) -> None:
        """Add up the losses of an epoch, including those before a restart."""
        super().updated(report)
        total = self._course.loss_sum + report.loss
        self._course = replace(self._course, loss_sum=total)

    def after_epoch(self, seen: Seen) -> None:
        """Measure the network and keep its weights if they are as good as the best."""
        loss = self._course.loss_sum / max(self.backend.steps_per_epoch, 1)
        self._course = replace(self._course, loss_sum=0.0)
        self._measure(loss)

    def _measure(self, loss: float | None) -> None:
        """Measure the network; keep its weights if they are as good as the best so far."""
        measured = self.backend.measure(self._genome, EvaluationSubset())
        kept = measured.metric is not None and self._is_kept(measured.metric)
        in_float = None
        if kept and self.backend.scenario.searcher.score_as == "int8":
            data = EvaluationSubset(in_float=True)
            in_float = self.backend.measure(self._genome, data).metric
        row = EpochRow(self.epoch, measured.metric, loss, in_float)
        rows = (*self._course.rows, row)
        self._course = replace(self._course, rows=rows)
        listener = self.session.listener
        if measured.metric is None:
            text = f"the metric failed after epoch {row.epoch}: {measured.failure}"
            listener.notice(Notice("retrain", text))
        elif kept:
            self._course = replace(self._course, kept=len(rows) - 1, weights=self._weights())
        text = self._in_words(row)
        if row.epoch:
            text = Round(text, row.epoch, self.plan.epochs, "epoch")
        listener.line(text)
        if measured.metric is not None:
            accuracy = self.direction.accuracy(measured.metric)
            step = row.epoch * self.backend.steps_per_epoch
            self.session.journal.events.scalar("accuracy", accuracy, step)

    def _is_kept(self, metric: float) -> bool:
        """Return whether weights with this metric replace those that are kept."""
        before = next((row for row in self._course.rows if row.epoch == 0), None)
        first = None if before is None or before.metric is None else before.metric
        if before is None:
            return True
        rows = comparable(self._course.rows, self.epoch, self.plan.float_epochs)
        metrics = [row.metric for row in rows]
        accuracies = [self.direction.accuracy(one) for one in (*metrics, metric) if one is not None]
        return is_kept(None if first is None else self.direction.accuracy(first), accuracies)

    def _weights(self) -> bytes:
        """Return the content of a weights file with the network's current weights."""
        with tempfile.TemporaryDirectory(prefix="nasea-") as folder:
            path = Path(folder) / f"network{self.backend.weights_suffix}"
            self.backend.write_weights(self._genome, path)
            return path.read_bytes()

    def _in_words(self, row: EpochRow) -> str:
        what = f"epoch {row.epoch}/{self.plan.epochs}" if row.epoch else "before training"
        loss = "" if row.loss is None else f"loss {row.loss:.4f}, "
        if row.metric is None:
            return f"{what}: {loss}metric failed"
        kept = ", kept" if self._course.rows[self._course.kept or 0] is row else ""
        return f"{what}: {loss}accuracy {self.direction.accuracy(row.metric):.4f}{kept}"

    def _resume(self, stored: Checkpoint) -> None:
        meta = stored.meta["course"]
        size = int(stored.meta["state_bytes"])
        rows = tuple(EpochRow(**row) for row in meta.pop("rows"))
        if "best" in meta:  # the name in checkpoints of earlier versions
            meta["kept"] = meta.pop("best")
        course = Course(rows=rows, weights=stored.payload[size:], **meta)
        step = self.backend.restore(stored.payload[:size], course.step)
        self._course, self.epoch, self.step = course, course.epoch, step
        self.report_resumed()

    def meta(self, state: bytes) -> dict[str, Any]:
        """See :class:`nasea.pipeline.epochs.EpochLoop`."""
        course = asdict(self.course)
        del course["weights"]
        return {"plan": asdict(self.plan), "state_bytes": len(state), "course": course}

    def more_bytes(self) -> bytes:
        """Return the kept weights."""
        return self._course.weights
