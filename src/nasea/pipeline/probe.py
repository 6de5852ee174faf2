"""The probe: checks and measures everything that needs no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from nasea.backends import AttachedBackend, ProcessGroup
from nasea.backends.records import Measurement, UserNetworkReport
from nasea.backends.training.trial import TrialReport
from nasea.backends.user.metric_memory import same_metric, unequal
from nasea.config import Constraint, Scenario
from nasea.cost import (
    COUNTED,
    CostModel,
    Costs,
    Subgraph,
    build_cost_model,
    format_cost,
)
from nasea.cost.pricing import subgraphs_of
from nasea.cost.profiles import Profile, find_profile
from nasea.errors import BudgetError, Notice, UserCodeError
from nasea.pipeline.diagnosis.schedule import describe, early_warning, require_rates
from nasea.pipeline.initial import initial_of
from nasea.pipeline.opening import Opened, open_scenario
from nasea.pipeline.session.events import Listener, Progress
from nasea.pipeline.session.identity import code_digest
from nasea.space import Genome, Space
from nasea.space.regular import regular_networks
from nasea.strategy import CostFeature, Limit, Objective, Problem, cheapest_within, random_feasible
from nasea.terms import CostKind, cost_of_kind

FEW_PATHS_PER_UPDATE = 2
"""Default of ``supernet.paths_per_update``; for the reasons see docs/decisions/0003."""

_RANDOM_SAMPLE = 1000
_MAX_SHOWN = 8


@dataclass(frozen=True)
class Built(Opened):
    """A scenario with its untrained supernet; costs are not yet known.

    Attributes:
        backend: a backend with open data and the supernet.
    """

    backend: AttachedBackend

    @property
    def post_net(self) -> UserNetworkReport:
        """Report about PostNet."""
        return self.backend.post_net

    @property
    def user_subgraphs(self) -> tuple[Subgraph, Subgraph]:
        """PreNet and PostNet, for a latency profile."""
        return Subgraph("PreNet", self.pre_net.operators), Subgraph(
            "PostNet", self.post_net.operators
        )

    @property
    def subgraphs(self) -> tuple[Subgraph, ...]:
        """PreNet, PostNet and every candidate of every layer."""
        return (
            *self.user_subgraphs,
            *(p for layer in self.space.every_layer for p in subgraphs_of(layer)),
        )


@dataclass(frozen=True)
class Prepared(Built):
    """A scenario with all that the probe found.

    Attributes:
        costs: the cost model.
        profile: the latency profile; ``None`` if latency does not count.
        paths_per_update: number of paths in an update.
        step_seconds: seconds of training on one batch.
        schedule: description of the learning rates.
    """

    costs: CostModel
    profile: Profile | None
    paths_per_update: int
    step_seconds: float
    schedule: str

    @cached_property
    def problem(self) -> Problem:
        """The search problem: the space under its budget, over integers."""
        return Problem(
            choices=self.space.choices,
            canonical=self.space.canonical,
            cost=self.costs,
            layer_costs=self.costs.layer_costs,
            budget=self.scenario.constraint.value,
            limits=limits_of(self.costs, self.scenario.constraint),
            objectives=objectives_of(self.costs, self.scenario),
            cost_features=cost_features_of(self.costs),
            starting_points=starting_points_of(self.space),
            initial=initial_of(self.scenario, self.space, self.costs),
        )

    @property
    def epochs_per_candidate(self) -> float:
        """Epochs that the least trained candidate sees."""
        return self.scenario.epochs / max(self.space.choices)

    @property
    def eval_images(self) -> int | None:
        """Number of validation images that the search scores on; ``None`` for all of them."""
        asked = self.scenario.searcher.eval_images
        return None if asked is None or asked >= self.data.val_images else asked

    @property
    def condition(self) -> tuple[int | None, int]:
        """(validation images, statistics images) of the scores of the search."""
        return (self.eval_images, self.scenario.searcher.bn_images)

    def sample(self, count: int) -> list[Genome]:
        """Return random feasible architectures, the same for one scenario."""
        return random_feasible(self.problem, count, np.random.default_rng(self.scenario.seed))


@dataclass(frozen=True)
class EarlierTrial:
    """What trying every candidate gave before.

    Attributes:
        report: the result.
        code: digest of the user's code that was tried; empty for that of this start.
    """

    report: TrialReport
    code: str = ""

    def holds(self, directory: Path) -> bool:
        """Return whether the user's code, which is imported by now, is the same."""
        return self.code in ("", code_digest(directory))


def prepare(
    scenario: Scenario,
    directory: Path,
    listener: Listener,
    workers: int | None = None,
    group: ProcessGroup | None = None,
    tried: EarlierTrial | None = None,
) -> Prepared:
    """Open the user's module and data, build space and supernet, try every candidate.

    Args:
        scenario: the scenario.
        directory: the directory of ``user_module.py`` and, optionally, ``blocks.py``.
        listener: receives progress and notices.
        workers: number of data workers that an earlier start of this run chose.
        group: the processes that compute; by default only this one.
        tried: an earlier result of trying every candidate, which is not repeated with the same code
            of the user. With other code, trying it says more than the refusal to resume with it.

    Raises:
        NaseaError: any fault of the input; BudgetError when no architecture meets the constraint.
    """
    listener.begin("probe", "probing: shapes, costs, one batch through every candidate")
    profile = open_profile(scenario, directory)
    opened = open_space(scenario, directory, workers, group)
    backend = opened.backend
    costs = build_cost_model(
        opened.space,
        scenario.constraint.type,
        (opened.pre_net.costs, opened.post_net.costs),
        profile,
        opened.user_subgraphs,
    )
    if profile is not None:
        report_profile(profile, opened, listener)
    require_satisfiable(costs, scenario.constraint)
    initial_of(scenario, opened.space, costs)  # its mistakes before anything takes long

    def on_step(done: int, total: int) -> None:
        listener.progress(Progress("probe", done, total, "path"))

    if tried is None or not tried.holds(directory):
        step_seconds = backend.try_candidates(on_step, [costs.most_expensive])
    else:
        backend.tried, step_seconds = tried.report, tried.report.seconds
    if workers is None:
        backend.choose_workers(step_seconds)
    paths = scenario.supernet.paths_per_update or FEW_PATHS_PER_UPDATE
    paths = min(paths, opened.data.batches_per_epoch)
    schedule = describe_schedule(backend, paths)
    for notice in backend.notices:
        listener.notice(notice)
    return Prepared(scenario, backend, opened.space, costs, profile, paths, step_seconds, schedule)


def describe_schedule(backend: AttachedBackend, paths_per_update: int) -> str:
    """Simulate the user's learning-rate schedule and describe it, with a warning if it is unusual.

    Raises:
        NaseaError: it ends before the training does, or falls to 0 early.
    """
    rates, updates = backend.rates(paths_per_update)
    require_rates(rates, backend.schedule_call, updates)
    shown = describe(rates, updates)
    warning = early_warning(rates, updates)
    return shown if warning is None else f"{shown}\n{warning}"


def open_latency_space(scenario: Scenario, directory: Path) -> Built:
    """Open the space whose networks a profile of this scenario must price.

    A scenario without a latency budget is treated as if it had one, since the default blocks
    depend on the constraint.

    Raises:
        NaseaError: any fault of the input.
    """
    if not scenario.counts_latency:
        constraint = scenario.constraint.model_copy(update={"type": "latency"})
        scenario = scenario.model_copy(update={"constraint": constraint})
    return open_space(scenario, directory)


def open_space(
    scenario: Scenario,
    directory: Path,
    workers: int | None = None,
    group: ProcessGroup | None = None,
) -> Built:
    """Open the user's module and data, build the space and an untrained supernet.

    Args:
        scenario: the scenario.
        directory: the directory of ``user_module.py`` and, optionally, ``blocks.py``.
        workers: number of data workers that an earlier start of this run chose.
        group: the processes that compute; by default only this one.

    Raises:
        NaseaError: any fault of the input.
    """
    opened = open_scenario(scenario, directory, workers, group=group)
    return Built(scenario, opened.backend.attach(opened.space, scenario.seed), opened.space)


def report_profile(profile: Profile, opened: Built, listener: Listener) -> None:
    """Report the accuracy of a profile and what it extrapolates."""
    listener.notice(Notice("latency", profile.describe()))
    guesses = list(
        dict.fromkeys(g for subgraph in opened.subgraphs for g in profile.guesses(subgraph))
    )
    if guesses:
        shown = "\n".join(f"  {guess}" for guess in guesses[:_MAX_SHOWN])
        more = f"\n  and {len(guesses) - _MAX_SHOWN} more" * (len(guesses) > _MAX_SHOWN)
        head = f"{profile.name} was asked to extrapolate, and prices without measurements:"
        listener.notice(Notice("latency", f"{head}\n{shown}{more}"))


def open_profile(scenario: Scenario, directory: Path) -> Profile | None:
    """Return the latency profile of a scenario; ``None`` if latency does not count.

    Raises:
        LatencyError: there is none of that name, or it is damaged.
    """
    if not scenario.counts_latency:
        return None
    name = scenario.constraint.processor_version
    assert name is not None, "the schema has a default"
    return find_profile(name, directory)


def require_working_metric(prepared: Prepared, measured: Sequence[Measurement]) -> None:
    """Raise UserCodeError when the user's metric raises on every architecture.

    A detection metric is exempt: it may raise on untrained networks because nothing is detected.
    """
    task = prepared.scenario.task
    if task != "detection" and measured and all(m.raised for m in measured):
        trace = str(measured[0].failure)
        raise UserCodeError(prepared.backend.metric_call, trace)


def require_same_metric(prepared: Prepared, first: Measurement, again: Measurement) -> None:
    """Raise MetricError if two scores of the same network differ.

    On a CPU the outputs are identical. GPUs sum in a different order each time, which may change
    the class of a few images.
    """
    if first.metric is None or again.metric is None:
        return
    on_cpu = prepared.backend.environment["device"].endswith("CPU")
    if not same_metric(first.metric, again.metric, 1e-6 if on_cpu else 2e-2):
        raise unequal(first.metric, again.metric)


def limits_of(costs: CostModel, constraint: Constraint) -> tuple[Limit, ...]:
    """Return the further budgets, for the search."""
    return tuple(
        Limit(partial(costs.many, kind), costs.layer_costs_of(kind), value)
        for kind, value in constraint.also.items()
    )


def objectives_of(costs: CostModel, scenario: Scenario) -> tuple[Objective, ...]:
    """Return the further costs that the search trades against accuracy."""
    also = scenario.constraint.also
    return tuple(
        Objective(
            cost=partial(costs.many, kind),
            layer_costs=costs.layer_costs_of(kind),
            high=also.get(kind, costs.most_expensive_of(kind)),
        )
        for kind in scenario.searcher.objectives
    )


def starting_points_of(space: Space) -> tuple[Genome, ...]:
    """Return the regular networks if widths are searched, else none."""
    return tuple(regular_networks(space)) if space.trunks else ()


def cost_features_of(costs: CostModel) -> tuple[CostFeature, ...]:
    """Return the counted costs other than the constraint's, for the predictor."""
    return tuple(
        CostFeature(
            partial(costs.many, kind), costs.cheapest_of(kind), costs.most_expensive_of(kind)
        )
        for kind in COUNTED
        if kind != costs.constraint_type
    )


def require_satisfiable(costs: CostModel, constraint: Constraint) -> None:
    """Raise BudgetError, with figures, when no architecture meets every budget."""
    _require_one(costs, constraint.type, constraint.value, "constraint_value")
    for kind, value in constraint.also.items():
        _require_one(costs, kind, value, f"also.{kind}")
    if not constraint.also:
        return
    problem = Problem(
        choices=costs.space.choices,
        canonical=costs.space.canonical,
        cost=costs,
        layer_costs=costs.layer_costs,
        budget=constraint.value,
        limits=limits_of(costs, constraint),
    )
    if cheapest_within(problem) is None:
        budgets = {constraint.type: constraint.value, **constraint.also}
        shown = ", ".join(format_cost(value, kind) for kind, value in budgets.items())
        raise BudgetError(
            f"strategy.constraint: each of the budgets can be met, but not all at once: {shown}",
            fix="raise one of them, or add blocks to supernet.blocks that are cheap in all",
        )


def _require_one(costs: CostModel, kind: CostKind, budget: float, key: str) -> None:
    cheapest = costs.cheapest_of(kind)
    if cheapest <= budget:
        return
    fixed = cost_of_kind(costs.fixed, kind)
    raise BudgetError(
        f"strategy.constraint: cheapest architecture: {format_cost(cheapest, kind)}; budget "
        f"{format_cost(budget, kind)}: not satisfiable (PreNet and PostNet alone: "
        f"{format_cost(fixed, kind)})",
        fix=f"raise {key} above {cheapest:.10g}, lower supernet.filters, or add cheaper "
        "blocks to supernet.blocks",
    )


def describe_costs(prepared: Prepared) -> Sequence[tuple[str, Costs, Genome]]:
    """Return (label, costs, genome) of the cheapest, a median and the costliest network."""
    model = prepared.costs
    rng = np.random.default_rng(prepared.scenario.seed)
    genomes = np.stack(
        [rng.integers(count, size=_RANDOM_SAMPLE) for count in prepared.space.choices], axis=1
    )
    middle = genomes[int(np.argsort(model(genomes))[_RANDOM_SAMPLE // 2])]
    median = tuple(int(gene) for gene in middle)
    return [
        ("cheapest", model.costs(model.cheapest), model.cheapest),
        ("random, median", model.costs(median), median),
        ("most expensive", model.costs(model.most_expensive), model.most_expensive),
    ]
