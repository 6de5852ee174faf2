"""The training stage: epochs with checkpoints, from the start or from where it was left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nasea.backends.base import Measurement, Slice, UpdateReport
from nasea.errors import Notice
from nasea.pipeline.checkpoint import CheckpointStore
from nasea.pipeline.direction import N_NEEDED, N_WITNESSES, from_json, to_json
from nasea.pipeline.events import Listener, Progress
from nasea.pipeline.interrupt import StopRequest
from nasea.pipeline.journal import Journal
from nasea.pipeline.pace import Pace
from nasea.pipeline.probe import Prepared, require_working_metric
from nasea.space import Genome, fair_path

SAVE_SECONDS = 180.0
"""A long epoch is saved this often."""


class Training:
    """Trains the supernet of a prepared run.

    Args:
        prepared: the run.
        store: checkpoints of kind ``train``.
        identity: what the checkpoints are marked with.
        listener: hears of progress.
        journal: gets the curves.
        stop: asked after every update.
    """

    def __init__(
        self,
        prepared: Prepared,
        store: CheckpointStore,
        identity: Mapping[str, str],
        listener: Listener,
        journal: Journal,
        stop: StopRequest,
    ) -> None:
        self.prepared = prepared
        self.store = store
        self.identity = identity
        self.listener = listener
        self.journal = journal
        self.stop = stop
        self.witnesses: tuple[Genome, ...] = ()
        self.before: list[Measurement] = []
        self.weights_version = ""
        self._epoch = 0
        self._step = 0
        self._steps_per_epoch = 0
        self._saved_at = 0.0
        self._pace = Pace()

    def run(self) -> None:
        """Train to the last epoch; does nothing when a checkpoint holds that already."""
        prepared = self.prepared
        self._steps_per_epoch = prepared.backend.begin_training(
            prepared.paths_per_update, prepared.scenario.seed
        )
        self._resume()
        epochs = prepared.scenario.epochs
        if self._epoch >= epochs:
            self.listener.line(f"the supernet is trained: {epochs} epochs")
            return
        self.listener.begin("train", f"training the supernet, {epochs} epochs")
        if self._epoch == 0 and self._step == 0:
            self._measure_witnesses()
        self._saved_at = time.monotonic()
        while self._epoch < epochs:
            self._train_epoch()

    def _train_epoch(self) -> None:
        epoch, prepared = self._epoch, self.prepared
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

        def path(index: int) -> Genome:
            return fair_path(prepared.space.choices, prepared.scenario.seed, index)

        prepared.backend.train_epoch(epoch, path, on_update, self._step)
        self._epoch, self._step = epoch + 1, 0
        if losses:
            mean = sum(losses) / len(losses)
            speed = images / max(seconds, 1e-9)
            self.listener.line(
                f"epoch {self._epoch}/{prepared.scenario.epochs}: loss {mean:.4f}, "
                f"{speed:.0f} images/s"
            )
        if self._direction_is_open() and 2 * self._epoch <= prepared.scenario.epochs:
            self._measure_witnesses()
        self._save()

    def _report(self, report: UpdateReport, speed: float) -> None:
        step = report.global_step
        total = self._steps_per_epoch * self.prepared.scenario.epochs
        left = self._pace.seconds_left(step, total)
        figures = {
            "loss": f"{report.loss:.4f}",
            "lr": f"{report.learning_rate:.3g}",
            "images/s": f"{speed:.0f}",
        }
        self.listener.progress(Progress("train", step, total, "update", left, figures))
        self.journal.events.scalar("loss", report.loss, step)
        self.journal.events.scalar("lr", report.learning_rate, step)
        self.journal.events.scalar("images_per_s", speed, step)

    def _measure_witnesses(self) -> None:
        """Measure a few architectures before training.

        It shows after training which way the metric points, and before it whether the metric gives
        a number at all. Those that it fails on, as one of detection may where nothing is found, are
        measured again after an epoch.
        """
        if not self.before:
            self.witnesses = tuple(self.prepared.sample(N_WITNESSES))
            self.before = [Measurement(None)] * len(self.witnesses)
        unknown = [i for i, one in enumerate(self.before) if one.metric is None]
        genomes = [self.witnesses[i] for i in unknown]
        for i, one in zip(unknown, measure_all(self.prepared, genomes, self.stop), strict=True):
            self.before[i] = one
        if self._epoch == 0:
            require_working_metric(self.prepared, self.before)
        if all(one.raised for one in self.before):
            text = (
                f"it failed on every network so far: {self.before[0].failure}\nThat may be since "
                "nothing is detected as yet; if it is not, stop and mend it"
            )
            self.listener.notice(Notice(self.prepared.backend.metric_call, text))

    def _direction_is_open(self) -> bool:
        asked = self.prepared.scenario.searcher.metric_mode
        return asked == "auto" and sum(m.metric is not None for m in self.before) < N_NEEDED

    def _resume(self) -> None:
        notices: list[Notice] = []
        stored = self.store.load(notices)
        for notice in notices:
            self.listener.notice(notice)
        if stored is None:
            return
        self.prepared.backend.restore(stored.payload)
        meta = stored.meta
        self._epoch, self._step = int(meta["epoch"]), int(meta["step"])
        self.witnesses = tuple(tuple(genome) for genome in meta["witnesses"])
        self.before = from_json(meta["before"])
        self.weights_version = stored.digest
        if self._epoch < self.prepared.scenario.epochs:
            self.listener.line(
                f"going on from epoch {self._epoch}, update {self._step} of it, as if unbroken "
                "(unless your data draw from generators of their own)"
            )

    def _save(self) -> None:
        meta: dict[str, Any] = {
            "identity": dict(self.identity),
            "workers": self.prepared.backend.workers,
            "epoch": self._epoch,
            "step": self._step,
            "witnesses": [list(genome) for genome in self.witnesses],
            "before": to_json(self.before),
        }
        self.weights_version = self.store.save(meta, self.prepared.backend.state())
        self._saved_at = time.monotonic()


def measure_all(
    prepared: Prepared, genomes: Sequence[Genome], stop: StopRequest
) -> list[Measurement]:
    """The user's metric on each architecture, on the images the search uses."""
    measured = []
    for genome in genomes:
        measured.append(prepared.backend.measure(genome, Slice(images=prepared.eval_images)))
        stop.check()
    return measured
