"""``nasea check``: reports what the probe found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasea.backends.memory import machine_memory
from nasea.backends.records import Measurement
from nasea.config import ScenarioSource, load_scenario
from nasea.cost import format_cost
from nasea.errors import Notice, TimeBudgetError
from nasea.pipeline.diagnosis.coverage import Coverage, coverage, targets_named
from nasea.pipeline.planning.measured_plan import least_of, plan_speeds
from nasea.pipeline.planning.pre_training import PreTrainingSpeed, pre_training_speed
from nasea.pipeline.planning.speeds import (
    ScoringSpeed,
    TrainingSpeed,
    choosing_seconds,
    scores_of,
    scoring_speed,
    supernet_speed,
)
from nasea.pipeline.planning.stages import (
    Counts,
    StageTime,
    bottleneck,
    duration,
    search_stages,
    table,
    training_stage,
)
from nasea.pipeline.planning.time_plan import make_plan, span
from nasea.pipeline.probe import (
    Prepared,
    describe_costs,
    prepare,
    require_same_metric,
    require_working_metric,
)
from nasea.pipeline.session.events import Listener, NullListener
from nasea.pipeline.supernet.paths import usable_trunks
from nasea.pipeline.supernet.pre_training import check_source
from nasea.pipeline.supernet.slow_start import small_rate_notice
from nasea.results.curves import require_reporters
from nasea.strategy import strategy_for
from nasea.terms import COSTS

_FEASIBILITY_SAMPLE = 20_000


@dataclass(frozen=True)
class CheckReport:
    """What the probe found, ready to print.

    Attributes:
        lines: (label, value) pairs, in order.
        layers: one row per layer: index, input, output, stride, candidates.
        notices: notices of the scenario and the probe.
        stages: the estimated time of a search, stage by stage.
        coverage: which parts of the space the named targets can run.
    """

    lines: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, ...], ...]
    notices: tuple[Notice, ...]
    stages: tuple[StageTime, ...] = ()
    coverage: tuple[Coverage, ...] = ()

    def __str__(self) -> str:
        notes = (("note", str(notice)) for notice in self.notices)
        return "\n".join(f"{label:<15} {value}" for label, value in (*self.lines, *notes))


def check(
    config: ScenarioSource,
    *,
    targets: Sequence[str] = (),
    directory: Path | None = None,
    listener: Listener | None = None,
) -> CheckReport:
    """Probe a scenario without training anything.

    Args:
        config: the scenario: a file, a dict or an object.
        targets: formats or processors; the space is compared with their supported operators.
        directory: where ``user_module.py`` is; the current directory by default.
        listener: receives progress.
    """
    listener = listener or NullListener()
    loaded = load_scenario(config)
    for notice in loaded.notices:
        listener.notice(notice)
    home = (directory or Path.cwd()).resolve()
    lists = targets_named(targets, home)
    require_reporters(loaded.scenario.report_to)
    warning = check_source(loaded.scenario, home)
    began = time.perf_counter()
    prepared = prepare(loaded.scenario, home, listener)
    probing = time.perf_counter() - began
    notices = (
        *loaded.notices,
        *prepared.backend.notices,
        *(one for one in (warning, small_rate_notice(loaded.scenario)) if one is not None),
    )
    try:
        speeds = _measured(prepared, home)
        pre = pre_training_speed(prepared, home, listener)
        stages = _stages(prepared, speeds[0], speeds[1], probing, pre)
        lines = [*_lines(prepared, speeds, stages), *_plan(prepared, speeds, probing, pre)]
        covered = tuple(coverage(target, prepared) for target in lists)
        return CheckReport(tuple(lines), _layers(prepared), notices, tuple(stages), covered)
    finally:
        prepared.backend.close()


def few_epochs_notice(prepared: Prepared) -> Notice | None:
    """Return a warning if a candidate is trained for too few epochs, else ``None``."""
    if prepared.epochs_per_candidate >= 10:
        return None
    needed = 10 * max(prepared.space.choices)
    return Notice(
        "strategy.epochs",
        f"each candidate of a layer will see about {prepared.epochs_per_candidate:.2g} epochs' "
        f"worth of images; below 10 a supernet often cannot tell architectures apart "
        f"(epochs: {needed} would do, or fewer supernet.blocks)",
    )


def _lines(
    prepared: Prepared,
    speeds: tuple[TrainingSpeed, ScoringSpeed, Measurement],
    stages: Sequence[StageTime],
) -> tuple[tuple[str, str], ...]:
    scenario, kind = prepared.scenario, prepared.scenario.constraint.type
    environment = ", ".join(f"{k} {v}" for k, v in prepared.backend.environment.items())
    data = prepared.data
    lines = [
        ("task", f"{scenario.task}, {scenario.framework}"),
        ("runs on", environment),
        ("data", f"{data.train_images} training images, {data.val_images} validation images"),
        ("data workers", str(prepared.backend.workers or "none: loading is fast enough")),
        ("PreNet", f"{_shape(scenario.supernet.input_chw)} -> {_shape(prepared.pre_net.out_shape)}"
         f", {format_cost(prepared.pre_net.costs.parameters, 'size')}"),
        ("PostNet", f"reads {_shape(prepared.space.out_shape)}, "
         f"{format_cost(prepared.post_net.costs.parameters, 'size')}"),
        ("architectures", f"{prepared.space.n_architectures:,} different networks"),
    ]  # fmt: skip
    lines.append(("widths", _widths(prepared)))
    searched = prepared.space.trunks
    for label, costs, genome in describe_costs(prepared):
        sizes = f"{format_cost(costs.parameters, 'size')}, {format_cost(costs.flops, 'flops')}"
        if costs.latency_ms is not None:
            sizes += f", {format_cost(costs.latency_ms, 'latency')}"
        blocks = ", ".join(prepared.space.blocks(genome))
        widths = "-".join(map(str, prepared.space.channels(genome))) if searched else ""
        lines.append((label, f"{sizes}: {blocks}" + (f"; widths {widths}" if widths else "")))
    if prepared.profile is not None:
        fixed = prepared.costs.fixed.latency_ms or 0.0
        profile = f"{prepared.profile.describe()}; PreNet and PostNet take "
        lines.append(("latency", profile + format_cost(fixed, "latency")))
    budget = format_cost(scenario.constraint.value, kind)
    for other, value in scenario.constraint.also.items():
        budget += f" and {format_cost(value, other)}"
    lines.append(("budget", f"{budget}, satisfiable: {_feasible_share(prepared):.1%} of random "
                  "architectures meet it"))  # fmt: skip
    if scenario.searcher.objectives:
        traded = (kind, *scenario.searcher.objectives)
        lines.append(("objectives", ", ".join(["accuracy", *(COSTS[one].unit for one in traded)])))
    training, scoring, measured = speeds
    searcher = scenario.searcher
    lines.append(("training", f"{scenario.epochs} epochs, {prepared.paths_per_update} paths an "
                  f"update, {_step(training)}"))  # fmt: skip
    lines.append(("learning rate", prepared.schedule))
    lines.append(("memory", _memory(prepared)))
    lines.append(("search", f"at most {searcher.generation_num} x {searcher.pop_size} = "
                  f"{searcher.generation_num * searcher.pop_size:,} architectures, "
                  f"{_score(scoring)}"))  # fmt: skip
    if prepared.problem.initial:
        own = [format_cost(cost, kind) for cost in prepared.problem.costs(prepared.problem.initial)]
        lines.append(("initial", f"{len(own)} networks of yours: {', '.join(own)}"))
    if measured.failure is not None:  # a detection metric may fail on an untrained network
        lines.append(("metric", f"fails on an untrained network: {measured.failure}"))
    lines += _times(prepared, training, scoring, stages)
    warning = few_epochs_notice(prepared)
    if warning is not None:
        lines.append(("warning", warning.text))
    return tuple(lines)


def _widths(prepared: Prepared) -> str:
    """List the searchable widths; if fixed, say how well the filters fit the budget."""
    costs, constraint = prepared.costs, prepared.scenario.constraint
    trunks = prepared.space.trunks
    if trunks:
        usable = usable_trunks(costs, constraint.value)
        listed = "; ".join("-".join(map(str, trunks[trunk])) for trunk in usable)
        beyond = len(trunks) - len(usable)
        return listed + (f" ({beyond} beyond the budget)" if beyond else "")
    low, high = (f(constraint.type) for f in (costs.cheapest_of, costs.most_expensive_of))
    place = constraint.value / (low * high) ** 0.5
    text = (
        f"fixed by filters: this trunk allows {format_cost(low, constraint.type)} to "
        f"{format_cost(high, constraint.type)}, and the budget is {place:.2g} times the middle; "
    )
    if not 0.5 <= place <= 2:
        text += f"filters about {place**0.5:.2g} times as large would put it there; "
    return text + "supernet.widths: [0.25, 0.5, 1, 2] would search them (docs/concepts.md)"


def _layers(prepared: Prepared) -> tuple[tuple[str, ...], ...]:
    channels: dict[int, tuple[set[int], set[int]]] = {}
    for layer in prepared.space.every_layer:
        before, behind = channels.setdefault(layer.index, (set(), set()))
        before.add(layer.in_shape[0])
        behind.add(layer.out_shape[0])
    return tuple(
        (
            str(layer.index),
            _shape_range(channels[layer.index][0], layer.in_shape),
            _shape_range(channels[layer.index][1], layer.out_shape),
            str(layer.stride),
            ", ".join(candidate.name for candidate in layer.candidates),
        )
        for layer in prepared.space.layers
    )


def _shape_range(channels: set[int], shape: tuple[int, ...]) -> str:
    """Format a shape with a range of channels: ``8-32x16x16``."""
    least = f"{min(channels)}-" if len(channels) > 1 else ""
    return least + _shape((max(channels), *shape[1:]))


def _feasible_share(prepared: Prepared) -> float:
    rng = np.random.default_rng(prepared.scenario.seed)
    genomes = np.stack(
        [rng.integers(n, size=_FEASIBILITY_SAMPLE) for n in prepared.space.choices], axis=1
    )
    return float(prepared.problem.feasible(genomes).mean())


def _measured(prepared: Prepared, home: Path) -> tuple[TrainingSpeed, ScoringSpeed, Measurement]:
    """Return the speed of training and scoring, and a score of an untrained network.

    Raises:
        NaseaError: the metric raises on every network, or returns two values for the same network.
    """
    scoring, (first, again) = scoring_speed(prepared)
    require_working_metric(prepared, [first])
    require_same_metric(prepared, first, again)
    return supernet_speed(prepared, home), scoring, first


def _stages(
    prepared: Prepared,
    training: TrainingSpeed,
    scoring: ScoringSpeed,
    probing: float,
    pre: PreTrainingSpeed | None,
) -> list[StageTime]:
    """Return the time of every stage of a search."""
    scenario = prepared.scenario
    counts = Counts(
        scenario.epochs,
        scores_of(prepared),
        prepared.eval_images is not None,
        scenario.searcher.score_as == "int8",
    )
    strategy = strategy_for(scenario.searcher.proposer, prepared.problem)
    return [
        StageTime("probing", probing, "as now"),
        *([] if pre is None else [pre.stage]),
        training_stage("supernet training", scenario.epochs, training),
        *search_stages(counts, scoring, choosing_seconds(prepared, strategy)),
    ]


def _plan(
    prepared: Prepared,
    speeds: tuple[TrainingSpeed, ScoringSpeed, Measurement],
    probing: float,
    pre: PreTrainingSpeed | None,
) -> list[tuple[str, str]]:
    """Return the lines of the plan for ``strategy.time_budget``; none without one."""
    budget = prepared.scenario.time_budget
    if budget is None:
        return []
    training, scoring, _ = speeds
    measured = plan_speeds(prepared, training, scoring, probing, pre)
    try:
        plan = make_plan(budget, probing, measured, least_of(prepared))
    except TimeBudgetError as error:
        return [(f"plan for {span(budget)}", f"{error.message}\n{error.fix}")]
    return [(f"plan for {span(budget)}: {stage}", text) for stage, text in table(plan.stages)]


def _times(
    prepared: Prepared, training: TrainingSpeed, scoring: ScoringSpeed, stages: Sequence[StageTime]
) -> list[tuple[str, str]]:
    """Return the stages, the bottleneck, and the time of a retraining."""
    scenario = prepared.scenario
    lines = [(f"time: {stage}", text) for stage, text in table(stages)]
    lines.append(("bottleneck", bottleneck(stages, training, scoring, scenario.framework)))
    alone = training.epoch_seconds + scoring.one.statistics + scoring.whole
    text = f"{scenario.epochs} epochs of one network: about {duration(scenario.epochs * alone)}"
    lines.append(("retraining", f"{text} (nasea retrain; not in the total)"))
    if len(scenario.resource.gpu_ids) > 1:
        lines.append(("devices", "measured on one of them; with all, stages come out shorter"))
    return lines


def _step(speed: TrainingSpeed) -> str:
    """Describe a training step: its time, and how it was measured."""
    tried, pace = speed.tried, speed.pace
    text = f"{duration(pace.batch_seconds)} a batch, {duration(pace.waiting_seconds)} of it waiting"
    if tried.is_scaled:
        text += (
            f" (tried with {tried.images} images at a time, scaled to {tried.whole}: a whole batch "
            "takes too long here)"
        )
    return text


def _score(speed: ScoringSpeed) -> str:
    """Describe the time of a score."""
    text = f"{duration(speed.one.total)} each"
    if speed.is_scaled:
        text += f" (measured on {speed.images} images, scaled to {speed.scored})"
    return text


def _memory(prepared: Prepared) -> str:
    """Describe the measured peak memory of training and scoring."""
    peak = prepared.backend.peak_memory
    text = f"peak {peak.process / 2**30:.2f} GiB in this process"
    if peak.device is not None:
        text = (
            f"peak {peak.process / 2**30:.2f} GiB in this process, "
            f"{peak.device / 2**30:.2f} GiB on the GPU"
        )
    tried = prepared.backend.tried
    if tried is not None and tried.peak_bytes is not None:
        text = f"about {tried.peak_bytes / 2**30:.1f} GiB in training with whole batches, {text}"
        after = (
            f", after {tried.images} images through every candidate and the most expensive network"
        )
        has = machine_memory()
        if tried.peak_bytes > 0.9 * has:
            text = f"this machine has {has / 2**30:.1f} GiB, lower strategy.batch_size: {text}"
    else:
        after = ", after a batch through every candidate and the most expensive network"
    text += after
    devices = len(prepared.scenario.resource.gpu_ids)
    return text + (f"; the same for each of {devices} devices" if devices > 1 else "")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "x".join(str(size) for size in shape or ())
