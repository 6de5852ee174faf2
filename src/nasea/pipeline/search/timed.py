"""Adds a time budget to a search: measures speeds, plans the work, keeps to the plan."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from nasea.backends.distributed.launch import current_launch
from nasea.backends.records import EvaluationSubset
from nasea.backends.training.trial import TrialReport
from nasea.config import Scenario, ScenarioSource, load_scenario
from nasea.errors import Notice
from nasea.pipeline.planning.clock import Clock
from nasea.pipeline.planning.measured_plan import least_of, plan_speeds
from nasea.pipeline.planning.pre_training import pre_training_speed
from nasea.pipeline.planning.speeds import (
    PACE_SECONDS,
    scoring_speed,
    supernet_speed,
    training_speed,
)
from nasea.pipeline.planning.stages import duration, table
from nasea.pipeline.planning.time_plan import SLACK, Begun, Speeds, TimePlan, make_plan, span
from nasea.pipeline.probe import Prepared, require_same_metric, require_working_metric
from nasea.pipeline.retraining.halving import affordable, retrain_best
from nasea.pipeline.retraining.plan import Request, is_better_from_scratch
from nasea.pipeline.retraining.retrain import checkpoints_of
from nasea.pipeline.retraining.shortlist import MOST_REGULAR
from nasea.pipeline.session.events import Listener, Listeners
from nasea.pipeline.session.session import Session
from nasea.results.front import Front
from nasea.results.near import folder_near
from nasea.results.recommend import amount
from nasea.space import Genome
from nasea.space.regular import regular_networks


class TimedSearch:
    """A search with a time budget.

    Args:
        clock: counts the time.
        home: where ``checkpoint/`` and ``results/`` are.
        session: listener and processes.

    Attributes:
        tried: result of trying every candidate, if the plan was made in this start.
    """

    def __init__(self, clock: Clock, home: Path, session: Session) -> None:
        self.clock = clock
        self.home = home
        self.session = session
        self.tried: TrialReport | None = None

    def make(self, prepared: Prepared, probing: float, begun: Begun | None) -> TimePlan:
        """Measure speeds, then make, print and save the plan.

        Args:
            prepared: the run, with provisional epochs.
            probing: seconds that preparing the run took.
            begun: the supernet, if its training was begun.

        Raises:
            TimeBudgetError: the time budget is too small.
            NaseaError: any error that the probe of ``nasea check`` finds.
        """
        self.session.listener.begin("probe", "measuring speeds for the plan")
        speeds = self._speeds(prepared, probing, begun=begun is not None)
        plan = make_plan(self.clock.budget, self.clock.spent, speeds, least_of(prepared), begun)
        self.tried = prepared.backend.tried
        return self._settle(plan)

    def follow(self, plan: TimePlan, prepared: Prepared) -> None:
        """Print and save another plan, under which training starts over."""
        self.tried = prepared.backend.tried
        self._settle(plan)

    def reopened(self, seconds: float) -> None:
        """Record the seconds of opening a run when all modules are already imported."""
        plan = self.clock.plan
        assert plan is not None, "it is made first"
        if self.tried is not None:
            self.clock.update(speeds=replace(plan.speeds, probing=seconds))

    def report_resumed(self) -> None:
        """Report the remaining time."""
        left = max(self.clock.left, 0.0)
        self.session.listener.line(
            f"time: {duration(self.clock.spent)} of {span(self.clock.budget)} are spent, "
            f"{duration(left)} are left"
        )

    def plan_retraining(self, prepared: Prepared, front: Front) -> None:
        """Plan which networks can be trained in the remaining time, and for how long.

        Unfinished retrainings of an earlier plan, of another search or another time, are discarded:
        they could not be resumed.
        """
        plan = self.clock.plan
        assert plan is not None, "it was kept to"
        if plan.retrained is not None:
            return
        start = plan.speeds.probing
        epoch, measuring = self._alone(prepared, _most_expensive(prepared, front))
        choosing = start + MOST_REGULAR * plan.speeds.score
        updates = prepared.data.train_images // prepared.scenario.batch_size
        found = affordable(self._room, epoch, start, choosing, measuring, updates=updates)
        discard_retrainings(self.home, prepared.scenario)
        self.clock.update(
            retrained=found.epochs,
            candidates=found.candidates,
            from_scratch=is_better_from_scratch(
                prepared.scenario, prepared.data.train_images, found.epochs
            ),
        )

    @property
    def _room(self) -> float:
        """The seconds that are left for retraining."""
        return self.clock.left - SLACK * self.clock.budget

    def _alone(self, prepared: Prepared, genome: Genome) -> tuple[float, float]:
        """Measure a retraining: the seconds of an epoch and, within it, of the metric."""
        one = training_speed(prepared.backend, 1, lambda index: genome, 2.0, self.home)
        _, score = prepared.backend.time_score(genome, EvaluationSubset())
        return one.epoch_seconds + score.total, score.total

    def retrain(self, config: ScenarioSource, restart: bool, listener: Listener | None) -> None:
        """Retrain networks near the budget in the remaining time, or resume their retraining.

        Called after the session of the search has ended, since a retraining has its own session.
        """
        plan = self.clock.plan
        assert plan is not None and plan.retrained is not None, "the search settled it"
        epochs, candidates = plan.retrained, plan.candidates
        listeners = Listeners([*([] if listener is None else [listener]), self.clock])
        budget = load_scenario(config).scenario.constraint.value
        command = f"nasea retrain --budget {amount(budget)} --candidates {candidates}"
        command += " --from-scratch" * plan.from_scratch
        if epochs < 1:
            listeners.notice(Notice("time", f"none is left for retraining: {command}"))
        elif current_launch() is not None:  # the other processes have ended
            listeners.notice(Notice("time", f"for retraining start {command} --epochs {epochs}"))
        else:
            listeners.line(_announced(candidates, epochs))
            outcome = retrain_best(
                config,
                budget,
                candidates,
                Request(epochs=epochs, from_scratch=plan.from_scratch),
                formats=[],
                results=self.home / "results",
                directory=self.home,
                restart=restart,
                listener=listeners,
            ).outcome
            for text in outcome.summary:
                listeners.line(text)
            listeners.line(f"model: {outcome.directory / outcome.retrained.model_file}")
        self.clock.save()
        listeners.line(f"time: {duration(self.clock.spent)} of {span(self.clock.budget)} are spent")

    def _speeds(self, prepared: Prepared, probing: float, begun: bool) -> Speeds:
        scoring, (first, again) = scoring_speed(prepared)
        require_working_metric(prepared, [first])
        require_same_metric(prepared, first, again)
        training = supernet_speed(prepared, self.home, PACE_SECONDS)
        pre = None
        if not begun:
            group = self.session.group
            pre = pre_training_speed(prepared, self.home, self.session.listener, group)
        return plan_speeds(prepared, training, scoring, probing, pre)

    def _settle(self, plan: TimePlan) -> TimePlan:
        self.clock.plan = plan
        self.clock.save()
        listener = self.session.listener
        listener.begin("probe", f"the plan for {span(plan.budget)}")
        for name, text in table(plan.stages):
            listener.line(f"{name}: {text}")
        return plan


def discard_retrainings(home: Path, scenario: Scenario) -> None:
    """Remove the checkpoints of the retrainings that a time budget may make.

    Args:
        home: where ``checkpoint/`` is.
        scenario: the scenario; candidates are near its constraint.
    """
    near = folder_near(scenario.constraint.type, scenario.constraint.value)
    for path in (home / "checkpoint" / near).glob("retrained_*"):
        if re.fullmatch(r"retrained_\d+(_scratch)?", path.name):
            checkpoints_of(home, home / "results" / near / path.name).clear()


def _most_expensive(prepared: Prepared, front: Front) -> Genome:
    """Return the most expensive network that may be retrained, to measure its speed."""
    genomes = [*regular_networks(prepared.space), *(member.genome for member in front)]
    fits = prepared.problem.feasible(np.array(genomes))
    costs = np.where(fits, prepared.costs(np.array(genomes)), -np.inf)
    return genomes[int(np.argmax(costs))]


def _announced(candidates: int, epochs: int) -> str:
    """Return the line before retraining."""
    if candidates == 1:
        return f"retraining a network near the budget in the rest of the time, {epochs} epochs"
    return (
        f"retraining {candidates} networks near the budget in the rest of the time, "
        f"the best of them for {epochs} epochs"
    )


def now() -> float:
    """Return a monotonic time in seconds."""
    return time.monotonic()
