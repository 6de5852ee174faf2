"""Trains a supernet with checkpoints, from the start or resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasea.backends.base import AttachedBackend
from nasea.backends.records import UpdateReport
from nasea.config import Scenario
from nasea.errors import Notice
from nasea.pipeline.epochs import EpochLoop, Seen
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Round
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet.paths import FairPaths
from nasea.pipeline.supernet.slow_start import slow_start_notice
from nasea.space import Space


class SupernetTraining(EpochLoop):
    """Training of a supernet, saved after every epoch.

    Args:
        scenario: specifies epochs, batch size and optimiser.
        backend: the backend with the supernet, not trained yet.
        space: the space.
        paths_per_update: number of paths per update.
        store: stores checkpoints.
        identity: identifies the training; stored in its checkpoints.
        session: listener, journal and stop.

    Attributes:
        losses: mean loss of each finished epoch; ``None`` where it is unknown.
    """

    title = "training the supernet"

    def __init__(
        self,
        scenario: Scenario,
        backend: AttachedBackend,
        space: Space,
        paths_per_update: int,
        store: CheckpointStore,
        identity: Mapping[str, str],
        session: Session,
    ) -> None:
        paths = FairPaths(space, scenario.seed)
        training = backend.begin_training(paths_per_update, scenario.seed)
        super().__init__(training, scenario.epochs, paths, store, identity, session)
        self.scenario = scenario
        self.space = space
        self.losses: list[float | None] = []
        self._sum, self._updates, self._whole = 0.0, 0, True

    ended_early = False
    """Whether training ends before its last epoch, since there is no time for it."""

    begins_trained = False
    """Whether it goes on with weights that are trained: their loss need not fall any more."""

    def run(self) -> None:
        """Train to the last epoch; do nothing if a checkpoint already contains it."""
        self._resume()
        if self.epoch >= self.epochs:
            self.session.listener.line(f"the supernet is trained: {self.epochs} epochs")
            return
        self.session.listener.begin(self.stage, f"{self.title}, {self.epochs} epochs")
        if self.epoch == 0 and self.step == 0:
            self.before_first_update()
        self.train_to(self.epochs)

    def updated(self, report: UpdateReport) -> None:
        """Add the loss to that of the epoch, also across restarts."""
        super().updated(report)
        self._sum, self._updates = self._sum + report.loss, self._updates + 1

    def before_first_update(self) -> None:
        """Run once, with the untrained supernet."""

    def before_restored(self, meta: Mapping[str, Any]) -> None:
        """Run with the untrained supernet, before a checkpoint is loaded."""

    def more_meta(self) -> dict[str, Any]:
        """Return further content of a checkpoint, as JSON values."""
        return {}

    def take_meta(self, meta: Mapping[str, Any]) -> None:
        """Restore what :meth:`more_meta` returned."""

    def meta(self, state: bytes) -> dict[str, Any]:
        """See :class:`nasea.pipeline.epochs.EpochLoop`."""
        meta = {
            "epoch": self.epoch,
            "step": self.step,
            "losses": self.losses,
            "loss_so_far": [self._sum, self._updates],
            **self.more_meta(),
        }
        return {**meta, "ended_early": True} if self.ended_early else meta

    def after_epoch(self, seen: Seen) -> None:
        """Report the loss and speed of the epoch."""
        known = self._whole and self._updates > 0
        self.losses.append(self._sum / self._updates if known else None)
        self._sum, self._updates, self._whole = 0.0, 0, True
        listener = self.session.listener
        if seen.losses:
            mean = sum(seen.losses) / len(seen.losses)
            text = f"epoch {self.epoch}/{self.epochs}: loss {mean:.4f}, {seen.speed:.0f} images/s"
            listener.line(Round(text, self.epoch, self.epochs, "epoch"))
        if self.epoch == 1 and not self.begins_trained:
            warning = slow_start_notice(seen.losses, self.scenario.optimizer.learning_rate)
            if warning is not None:
                listener.notice(warning)

    def _resume(self) -> None:
        notices: list[Notice] = []
        stored = self.store.load(notices)
        for notice in notices:
            self.session.listener.notice(notice)
        if stored is None:
            return
        meta = stored.meta
        self.before_restored(meta)
        self.epoch = int(meta["epoch"])
        self.step = self.backend.restore(stored.payload, int(meta["step"]))
        self.losses = list(meta.get("losses", [None] * self.epoch))  # missing in earlier versions
        self._sum, self._updates = meta.get("loss_so_far", (0.0, 0))
        # Other numbers of devices count other updates.
        self._whole = self._updates == self.step
        self.take_meta(meta)
        if meta.get("ended_early"):
            self.ended_early, self.epochs = True, self.epoch
        self.weights_version = stored.digest
        self.report_resumed()
