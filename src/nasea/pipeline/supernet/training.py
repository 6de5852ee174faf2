"""The training stage: measures some architectures, then trains the supernet."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from nasea.backends.records import EvaluationSubset, Measurement, ScoreSeconds
from nasea.cost import format_cost
from nasea.errors import Notice, TimeBudgetError
from nasea.pipeline.epochs import Seen
from nasea.pipeline.planning.clock import Clock
from nasea.pipeline.planning.measured_plan import least_of
from nasea.pipeline.planning.speeds import ScoringSpeed, scores_of
from nasea.pipeline.planning.stages import Counts, duration, search_stages
from nasea.pipeline.planning.time_plan import SLACK, TimePlan, make_plan
from nasea.pipeline.probe import Prepared, require_working_metric
from nasea.pipeline.search.direction import N_NEEDED, N_REFERENCES, from_json, to_json
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Stage
from nasea.pipeline.session.interrupt import StopRequest
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet.paths import ABOVE, pathfinder
from nasea.pipeline.supernet_training import SupernetTraining
from nasea.space import Genome
from nasea.terms import CostKind

_OFF, _MATTERS = 0.25, 0.05
"""Another plan is made where an epoch is off by such a share, and that changes the time of the
whole job by such a share."""


_JUDGED = {"pytorch": 1, "tensorflow": 2}
"""The epoch whose duration counts: in its first, TensorFlow traces functions."""


class OtherPace(Exception):
    """An epoch took more or less time than planned: training starts over under another plan.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: TimePlan) -> None:
        super().__init__(plan)
        self.plan = plan


class EpochTimes:
    """The durations of epochs, including saving.

    Attributes:
        epoch: seconds of the last epoch.
        score: seconds of a score before training.
    """

    def __init__(self) -> None:
        self.epoch = 0.0
        self.score = 0.0
        self._whole: int | None = None
        self._began = time.monotonic()

    def begin(self) -> None:
        """Start the first epoch, at its first update."""
        self._whole, self._began = 0, time.monotonic()

    def end(self) -> int:
        """End an epoch; return its number if all were trained in this start, else 0."""
        now = time.monotonic()
        self.epoch, self._began = now - self._began, now
        if self._whole is None:
            return 0
        self._whole += 1
        return self._whole


class Training(SupernetTraining):
    """Training of the supernet of a prepared run.

    Args:
        prepared: the run.
        store: checkpoints of kind ``train``.
        identity: identifies the training; stored in its checkpoints.
        session: listener, journal and stop.
        metric_changed: whether the values in a checkpoint were measured with another metric.
        clock: the clock of the job; ``None`` without a time budget.
    """

    def __init__(
        self,
        prepared: Prepared,
        store: CheckpointStore,
        identity: Mapping[str, str],
        session: Session,
        metric_changed: bool = False,
        clock: Clock | None = None,
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
        self.clock = clock
        self.times = EpochTimes()
        self.paths = pathfinder(prepared.costs, prepared.problem, prepared.scenario.seed)
        constraint = prepared.scenario.constraint
        self.trained_for: tuple[CostKind, float] = (constraint.type, constraint.value)
        self.references: tuple[Genome, ...] = ()
        self.before: list[Measurement] = []

    def before_first_update(self) -> None:
        """Measure a few architectures before training.

        The values show, after training, the direction of the metric and, before it, whether the
        metric returns a number.
        """
        began = time.monotonic()
        self._measure_untrained(tuple(self.prepared.sample(N_REFERENCES)))
        self.times.score = (time.monotonic() - began) / max(len(self.references), 1)
        require_working_metric(self.prepared, self.before)
        self.session.forecast.expect(self._later())
        self.times.begin()

    def before_restored(self, meta: Mapping[str, Any]) -> None:
        """Repeat the measurements before training if they were made with another metric."""
        if self.metric_changed:
            self._measure_untrained(tuple(tuple(genome) for genome in meta["witnesses"]))

    def after_epoch(self, seen: Seen) -> None:
        """Repeat failed measurements: a detection metric may fail if nothing is detected."""
        super().after_epoch(seen)
        self._keep_time()
        asked = self.scenario.searcher.metric_mode
        is_open = sum(m.metric is not None for m in self.before) < N_NEEDED
        if asked == "auto" and is_open and 2 * self.epoch <= self.epochs:
            self._measure_references()

    def more_meta(self) -> dict[str, Any]:
        """Return the measurements."""
        meta: dict[str, Any] = {
            "witnesses": [list(genome) for genome in self.references],
            "before": to_json(self.before),
            "score_seconds": self.times.score,
        }
        if self.space.trunks:
            meta["trained_for"] = list(self.trained_for)
        if self.prepared.backend.tried is not None:
            meta["tried"] = asdict(self.prepared.backend.tried)
        return meta

    def take_meta(self, meta: Mapping[str, Any]) -> None:
        """Restore what :meth:`more_meta` returned."""
        self.references = tuple(tuple(genome) for genome in meta["witnesses"])
        if not self.metric_changed:
            self.before = from_json(meta["before"])
        if "trained_for" in meta:
            kind, value = meta["trained_for"]
            self.trained_for = (kind, float(value))
        self.times.score = float(meta.get("score_seconds", 0.0))
        if self.times.score:
            self.session.forecast.expect(self._later())

    def other_budget_notice(self) -> Notice | None:
        """Return a warning if the widths were trained for another budget."""
        constraint = self.scenario.constraint
        kind, value = self.trained_for
        if not self.space.trunks or (kind == constraint.type and constraint.value <= ABOVE * value):
            return None
        return Notice(
            "supernet.widths",
            f"the supernet was trained about a budget of {format_cost(value, kind)}: larger "
            "architectures are trained less, or not at all (--restart trains for this budget)",
        )

    def _keep_time(self) -> None:
        """Report how long the job will take, or check that it keeps to its time budget.

        Raises:
            OtherPace: an epoch took so much more or less time that the plan changes.
        """
        judged = min(_JUDGED[self.scenario.framework], self.epochs)
        is_judged = self.times.end() == judged
        seconds, clock = self.times.epoch, self.clock
        if clock is None or clock.plan is None:
            if is_judged:
                self.session.listener.line(self._expected(seconds))
            return
        plan, rest = clock.plan, self.epochs - self.epoch
        if is_judged and not plan.measured:
            off = abs(seconds - plan.speeds.epoch)
            derived = plan.speeds.pre_epoch > 0 and plan.speeds.pre_epochs is None
            if (
                off > _OFF * plan.speeds.epoch
                and off * self.epochs > _MATTERS * plan.budget
                and not derived
            ):
                self._plan_again(clock, plan, seconds)
            clock.update(measured=True)
        least = 2 * self.scenario.searcher.pop_size * plan.speeds.score
        free = clock.left - SLACK * plan.budget - plan.speeds.fixed - least
        if rest and free < seconds:
            self.epochs, self.ended_early = self.epoch, True
            text = (
                f"training took longer than planned: it ends after epoch {self.epoch}, with "
                f"{rest} to go, so that the search fits into the time"
            )
            self.session.listener.notice(Notice("time", text))

    def _plan_again(self, clock: Clock, plan: TimePlan, epoch_seconds: float) -> None:
        """Plan the job again, with the measured time of an epoch.

        Raises:
            OtherPace: the other plan fits into the time that is left.
        """
        # Pre-training, if any, is done and in the time that is spent.
        speeds = replace(plan.speeds, epoch=epoch_seconds, pre_epoch=0.0)
        text = (
            f"an epoch took {duration(epoch_seconds)}, {duration(plan.speeds.epoch)} were planned"
        )
        notify = self.session.listener.notice
        try:
            fresh = make_plan(clock.budget, clock.spent, speeds, least_of(self.prepared))
        except TimeBudgetError:
            notify(Notice("time", f"{text}: less will be searched and retrained than planned"))
            return
        notify(Notice("time", f"{text}: planned again, training starts over"))
        raise OtherPace(replace(fresh, measured=True))

    def _expected(self, epoch_seconds: float) -> str:
        """Describe, in one line, the time that the rest of the job will take."""
        later = self._later()
        parts = {
            "training": (self.epochs - self.epoch) * epoch_seconds,
            "separation check": later["separation"],
            f"search of at most {scores_of(self.prepared):,}": later["search"],
            "results": later["results"],
        }
        listed = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts.items())
        return f"expected from here: about {duration(sum(parts.values()))} ({listed})"

    def _later(self) -> dict[Stage, float]:
        """Return the expected seconds of the stages after training."""
        whole = ScoreSeconds(self.times.score / 2, self.times.score / 2)
        subset = self.prepared.eval_images or self.prepared.data.val_images
        times_more = self.prepared.data.val_images / subset
        speed = ScoringSpeed(whole, whole.metric * times_more, 0.0, subset, subset)
        counts = Counts(
            self.epochs, scores_of(self.prepared), self.prepared.eval_images is not None
        )
        named = {stage.name: stage.seconds for stage in search_stages(counts, speed, 0.0)}
        return {
            "separation": named["separation check"],
            "search": named["scoring"] + named["batch-norm statistics"],
            "results": named["final front"],
        }

    def _measure_untrained(self, references: tuple[Genome, ...]) -> None:
        self.references = references
        self.before = [Measurement(None)] * len(references)
        self._measure_references()

    def _measure_references(self) -> None:
        """Measure the architectures that have no value yet."""
        unknown = [i for i, one in enumerate(self.before) if one.metric is None]
        genomes = [self.references[i] for i in unknown]
        again = measure_all(self.prepared, genomes, self.session.stop)
        for i, one in zip(unknown, again, strict=True):
            self.before[i] = one
        if self.scenario.task == "detection" and all(one.raised for one in self.before):
            text = (
                f"it fails on every network so far: {self.before[0].failure}\nThat may be so "
                "because nothing is detected as yet; if it is a fault, stop and fix it"
            )
            self.session.listener.notice(Notice(self.backend.metric_call, text))


def measure_all(
    prepared: Prepared, genomes: Sequence[Genome], stop: StopRequest
) -> list[Measurement]:
    """Return the user's metric of each architecture on the images of the search."""
    measured: list[Measurement] = []

    def on_measured(one: Measurement) -> None:
        measured.append(one)
        stop.check()

    data = EvaluationSubset(images=prepared.eval_images)
    prepared.backend.measure_each([(genome, data) for genome in genomes], on_measured)
    return measured
