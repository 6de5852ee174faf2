"""The training stage: the supernet trained, and a few architectures measured before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nasea.backends.base import Measurement, Slice
from nasea.pipeline.checkpoint import CheckpointStore
from nasea.pipeline.direction import N_WITNESSES, from_json, to_json
from nasea.pipeline.events import Listener
from nasea.pipeline.interrupt import StopRequest
from nasea.pipeline.journal import Journal
from nasea.pipeline.probe import Prepared, require_working_metric
from nasea.pipeline.supernet_training import SupernetTraining
from nasea.space import Genome


class Training(SupernetTraining):
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
        super().__init__(
            prepared.scenario,
            prepared.backend,
            prepared.space,
            prepared.paths_per_update,
            store,
            identity,
            listener,
            journal,
            stop,
        )
        self.prepared = prepared
        self.witnesses: tuple[Genome, ...] = ()
        self.before: list[Measurement] = []

    def before_first_update(self) -> None:
        """Measure a few architectures before training.

        It shows after training which way the metric points, and before it whether the metric gives
        a number at all.
        """
        self._measure_witnesses()
        require_working_metric(self.prepared, self.before)

    def after_epoch(self, epoch: int) -> None:
        """Measure them again where the untrained ones gave no number, as a detection may."""
        asked = self.scenario.searcher.metric_mode
        is_open = asked == "auto" and all(m.metric is None for m in self.before)
        if is_open and 2 * epoch <= self.scenario.epochs:
            self._measure_witnesses()

    def more_meta(self) -> dict[str, Any]:
        """The measurements."""
        return {
            "witnesses": [list(genome) for genome in self.witnesses],
            "before": to_json(self.before),
        }

    def take_meta(self, meta: Mapping[str, Any]) -> None:
        """Take over what :meth:`more_meta` gave."""
        self.witnesses = tuple(tuple(genome) for genome in meta["witnesses"])
        self.before = from_json(meta["before"])

    def _measure_witnesses(self) -> None:
        self.witnesses = tuple(self.prepared.sample(N_WITNESSES))
        self.before = measure_all(self.prepared, self.witnesses, self.stop)


def measure_all(
    prepared: Prepared, genomes: Sequence[Genome], stop: StopRequest
) -> list[Measurement]:
    """The user's metric on each architecture, on the images the search uses."""
    measured = []
    for genome in genomes:
        measured.append(prepared.backend.measure(genome, Slice(images=prepared.eval_images)))
        stop.check()
    return measured
