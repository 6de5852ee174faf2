"""The training stage: the supernet trained, and a few architectures measured before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.cost import format_cost
from nasea.errors import Notice
from nasea.pipeline.epochs import Seen
from nasea.pipeline.probe import Prepared, require_working_metric
from nasea.pipeline.search.direction import N_NEEDED, N_WITNESSES, from_json, to_json
from nasea.pipeline.search.paths import ABOVE, pathfinder
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.interrupt import StopRequest
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet_training import SupernetTraining
from nasea.space import Genome
from nasea.terms import CostKind


class Training(SupernetTraining):
    """Trains the supernet of a prepared run.

    Args:
        prepared: the run.
        store: checkpoints of kind ``train``.
        identity: what the checkpoints are marked with.
        session: listener, journal and stop.
        metric_changed: whether what a checkpoint says was measured, another metric measured.
    """

    def __init__(
        self,
        prepared: Prepared,
        store: CheckpointStore,
        identity: Mapping[str, str],
        session: Session,
        metric_changed: bool = False,
    ) -> None:
        super().__init__(
            prepared.scenario,
            prepared.backend,
            prepared.space,
            prepared.paths_per_update,
            store,
            identity,
            session,
        )
        self.prepared = prepared
        self.metric_changed = metric_changed
        self.paths = pathfinder(prepared.costs, prepared.problem, prepared.scenario.seed)
        constraint = prepared.scenario.constraint
        self.trained_for: tuple[CostKind, float] = (constraint.type, constraint.value)
        self.witnesses: tuple[Genome, ...] = ()
        self.before: list[Measurement] = []

    def before_first_update(self) -> None:
        """Measure a few architectures before training.

        It shows after training which way the metric points, and before it whether the metric gives
        a number at all.
        """
        self._measure_untrained(tuple(self.prepared.sample(N_WITNESSES)))
        require_working_metric(self.prepared, self.before)

    def before_restored(self, meta: Mapping[str, Any]) -> None:
        """Measure anew what another metric measured before training: the same as it was then."""
        if self.metric_changed:
            self._measure_untrained(tuple(tuple(genome) for genome in meta["witnesses"]))

    def after_epoch(self, seen: Seen) -> None:
        """Measure again those without a number: a detection metric may fail if nothing is found."""
        super().after_epoch(seen)
        asked = self.scenario.searcher.metric_mode
        is_open = sum(m.metric is not None for m in self.before) < N_NEEDED
        if asked == "auto" and is_open and 2 * self.epoch <= self.epochs:
            self._measure_witnesses()

    def more_meta(self) -> dict[str, Any]:
        """The measurements."""
        meta: dict[str, Any] = {
            "witnesses": [list(genome) for genome in self.witnesses],
            "before": to_json(self.before),
        }
        if self.space.trunks:
            meta["trained_for"] = list(self.trained_for)
        return meta

    def take_meta(self, meta: Mapping[str, Any]) -> None:
        """Restore what :meth:`more_meta` returned."""
        self.witnesses = tuple(tuple(genome) for genome in meta["witnesses"])
        if not self.metric_changed:
            self.before = from_json(meta["before"])
        if "trained_for" in meta:
            kind, value = meta["trained_for"]
            self.trained_for = (kind, float(value))

    def other_budget_notice(self) -> Notice | None:
        """A warning if the widths were trained for another budget."""
        constraint = self.scenario.constraint
        kind, value = self.trained_for
        if not self.space.trunks or (kind == constraint.type and constraint.value <= ABOVE * value):
            return None
        return Notice(
            "supernet.widths",
            f"the supernet was trained about a budget of {format_cost(value, kind)}: larger "
            "architectures are trained less, or not at all (--restart trains for this budget)",
        )

    def _measure_untrained(self, witnesses: tuple[Genome, ...]) -> None:
        self.witnesses = witnesses
        self.before = [Measurement(None)] * len(witnesses)
        self._measure_witnesses()

    def _measure_witnesses(self) -> None:
        """Measure those that have no number yet."""
        unknown = [i for i, one in enumerate(self.before) if one.metric is None]
        genomes = [self.witnesses[i] for i in unknown]
        again = measure_all(self.prepared, genomes, self.session.stop)
        for i, one in zip(unknown, again, strict=True):
            self.before[i] = one
        if self.scenario.task == "detection" and all(one.raised for one in self.before):
            text = (
                f"it fails on every network so far: {self.before[0].failure}\nThat may be so "
                "because nothing is detected as yet; where it is a fault, stop and mend it"
            )
            self.session.listener.notice(Notice(self.backend.metric_call, text))


def measure_all(
    prepared: Prepared, genomes: Sequence[Genome], stop: StopRequest
) -> list[Measurement]:
    """The user's metric on each architecture, on the images the search uses."""
    measured: list[Measurement] = []

    def on_measured(one: Measurement) -> None:
        measured.append(one)
        stop.check()

    data = EvaluationSubset(images=prepared.eval_images)
    prepared.backend.measure_each([(genome, data) for genome in genomes], on_measured)
    return measured
