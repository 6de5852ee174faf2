"""The epochs of a supernet, with checkpoints: from the start or from where they were left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from nasea.backends.base import Backend
from nasea.backends.records import UpdateReport
from nasea.config import Scenario
from nasea.errors import Notice, RankLostError
from nasea.pipeline.search.paths import FairPaths
from nasea.pipeline.search.slow_start import slow_start_notice
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener, Progress, Stage
from nasea.pipeline.session.interrupt import StopRequest
from nasea.pipeline.session.journal import Journal
from nasea.pipeline.session.pace import Pace
from nasea.space import Genome, Space

SAVE_SECONDS = 180.0
"""A long epoch is saved this often."""


class SupernetTraining:
    """Trains a supernet and saves it after every epoch.

    Args:
        scenario: epochs, batch size, optimiser.
        backend: with data open and the supernet built.
        space: the space.
        paths_per_update: how many paths make one update.
        store: where checkpoints go.
        identity: what the checkpoints are marked with.
        listener: hears of progress.
        journal: gets the curves.
        stop: asked after every update.
    """

    stage: Stage = "train"
    title = "training the supernet"
    curves = ""
    """What stands before the names of the curves."""

    def __init__(
        self,
        scenario: Scenario,
        backend: Backend,
        space: Space,
        paths_per_update: int,
        store: CheckpointStore,
        identity: Mapping[str, str],
        listener: Listener,
        journal: Journal,
        stop: StopRequest,
    ) -> None:
        self.scenario = scenario
        self.backend = backend
        self.space = space
        self.paths_per_update = paths_per_update
        self.store = store
        self.identity = identity
        self.listener = listener
        self.journal = journal
        self.stop = stop
        self.weights_version = ""
        self.paths: Callable[[int], Genome] = FairPaths(space, scenario.seed)
        self._epoch = 0
        self._step = 0
        self._steps_per_epoch = 0
        self._saved_at = 0.0
        self._pace = Pace()

    def run(self) -> None:
        """Train to the last epoch; does nothing when a checkpoint holds that already."""
        self._steps_per_epoch = self.backend.begin_training(
            self.paths_per_update, self.scenario.seed
        )
        self._resume()
        epochs = self.scenario.epochs
        if self._epoch >= epochs:
            self.listener.line(f"the supernet is trained: {epochs} epochs")
            return
        self.listener.begin(self.stage, f"{self.title}, {epochs} epochs")
        if self._epoch == 0 and self._step == 0:
            self.before_first_update()
        self._saved_at = time.monotonic()
        while self._epoch < epochs:
            self._train_epoch()

    def before_first_update(self) -> None:
        """Called once, with the untrained supernet."""

    def after_epoch(self, epoch: int) -> None:
        """Called before an epoch is saved; ``epoch`` counts those that are done."""

    def more_meta(self) -> dict[str, Any]:
        """What else goes into a checkpoint, as JSON values."""
        return {}

    def take_meta(self, meta: Mapping[str, Any]) -> None:
        """Take over what :meth:`more_meta` gave."""

    def _train_epoch(self) -> None:
        epoch = self._epoch
        losses: list[float] = []
        images = seconds = 0.0

        def on_update(report: UpdateReport) -> None:
            nonlocal images, seconds
            losses.append(report.loss)
            images += report.images
            seconds += report.seconds
            self._step = report.step
            self._report(report, images / max(seconds, 1e-9))
            if self.stop.requested or time.monotonic() - self._saved_at > SAVE_SECONDS:
                self._save()
            self.stop.check()

        try:
            self.backend.train_epoch(epoch, self.paths, on_update, self._step)
        except RankLostError:
            self._save()  # the weights are those of the last update
            raise
        self._epoch, self._step = epoch + 1, 0
        if losses:
            mean = sum(losses) / len(losses)
            speed = images / max(seconds, 1e-9)
            self.listener.line(
                f"epoch {self._epoch}/{self.scenario.epochs}: loss {mean:.4f}, {speed:.0f} images/s"
            )
        if epoch == 0:
            warning = slow_start_notice(losses, self.scenario.optimizer.learning_rate)
            if warning is not None:
                self.listener.notice(warning)
        self.after_epoch(self._epoch)
        self._save()

    def _report(self, report: UpdateReport, speed: float) -> None:
        step = report.global_step
        total = self._steps_per_epoch * self.scenario.epochs
        left = self._pace.seconds_left(step, total)
        figures = {
            "loss": f"{report.loss:.4f}",
            "lr": f"{report.learning_rate:.3g}",
            "images/s": f"{speed:.0f}",
        }
        self.listener.progress(Progress(self.stage, step, total, "update", left, figures))
        events = self.journal.events
        events.scalar(f"{self.curves}loss", report.loss, step)
        events.scalar(f"{self.curves}lr", report.learning_rate, step)
        events.scalar(f"{self.curves}images_per_s", speed, step)

    def _resume(self) -> None:
        notices: list[Notice] = []
        stored = self.store.load(notices)
        for notice in notices:
            self.listener.notice(notice)
        if stored is None:
            return
        meta = stored.meta
        self._epoch = int(meta["epoch"])
        self._step = self.backend.restore(stored.payload, int(meta["step"]))
        self.take_meta(meta)
        self.weights_version = stored.digest
        if self._epoch < self.scenario.epochs:
            self.listener.line(
                f"going on from epoch {self._epoch}, update {self._step} of it, as if unbroken "
                "(unless your data draw from generators of their own)"
            )

    def _save(self) -> None:
        meta: dict[str, Any] = {
            "identity": dict(self.identity),
            "workers": self.backend.workers,
            "epoch": self._epoch,
            "step": self._step,
            **self.more_meta(),
        }
        self.weights_version = self.store.save(meta, self.backend.state())
        self._saved_at = time.monotonic()
