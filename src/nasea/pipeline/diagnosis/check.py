"""``nasea check``: reports what the probe found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.config import load_scenario
from nasea.cost import format_cost
from nasea.errors import Notice
from nasea.pipeline.probe import (
    Prepared,
    describe_costs,
    prepare,
    require_same_metric,
    require_working_metric,
)
from nasea.pipeline.search.paths import usable_trunks
from nasea.pipeline.search.pre_training import check_source
from nasea.pipeline.search.slow_start import small_rate_notice
from nasea.pipeline.session.events import Listener, Silence
from nasea.terms import COSTS

_FEASIBILITY_SAMPLE = 20_000


@dataclass(frozen=True)
class CheckReport:
    """What the probe found, ready to print.

    Attributes:
        lines: (label, value) pairs, in order.
        layers: one row for each layer: index, input, output, stride, candidates.
        notices: notices of the scenario and the probe.
    """

    lines: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, ...], ...]
    notices: tuple[Notice, ...]


def check(
    config: Path, *, directory: Path | None = None, listener: Listener | None = None
) -> CheckReport:
    """Probe a scenario without training anything.

    Args:
        config: the scenario file.
        directory: the directory of ``user_module.py``; the current directory by default.
        listener: receives progress and notices.

    Raises:
            NaseaError: a mistake in the scenario or the user's module.
    """
    listener = listener or Silence()
    loaded = load_scenario(config)
    for notice in loaded.notices:
        listener.notice(notice)
    home = (directory or Path.cwd()).resolve()
    warning = check_source(loaded.scenario, home)
    prepared = prepare(loaded.scenario, home, listener)
    notices = (
        *loaded.notices,
        *prepared.backend.notices,
        *(one for one in (warning, small_rate_notice(loaded.scenario)) if one is not None),
    )
    try:
        return CheckReport(_lines(prepared), _layers(prepared), notices)
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


def _lines(prepared: Prepared) -> tuple[tuple[str, str], ...]:
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
    seconds_train, seconds_search, measured = _estimate(prepared)
    lines.append(("training", f"{scenario.epochs} epochs, {prepared.paths_per_update} paths an "
                  f"update, about {duration(seconds_train)}"))  # fmt: skip
    lines.append(("learning rate", prepared.schedule))
    lines.append(("memory", _memory(prepared)))
    searcher = scenario.searcher
    lines.append(("search", f"at most {searcher.generation_num} x {searcher.pop_size} = "
                  f"{searcher.generation_num * searcher.pop_size:,} architectures, about "
                  f"{duration(seconds_search)}"))  # fmt: skip
    if measured.failure is not None:  # detection only, where it need not be a mistake
        lines.append(("metric", f"fails on an untrained network: {measured.failure}"))
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


def _estimate(prepared: Prepared) -> tuple[float, float, Measurement]:
    """Estimate seconds of training and of search from one step and one score; return that score."""
    scenario = prepared.scenario
    training = scenario.epochs * prepared.data.batches_per_epoch * prepared.step_seconds
    middle = describe_costs(prepared)[1][2]
    data = EvaluationSubset(images=prepared.eval_images)
    # The first measurement fills caches that all later ones use.
    first = prepared.backend.measure(middle, data)
    require_working_metric(prepared, [first])
    # One in between: a metric that averages over all calls would return the same value twice.
    prepared.backend.measure(prepared.costs.cheapest, data)
    start = time.perf_counter()
    again = prepared.backend.measure(middle, data)
    one = time.perf_counter() - start
    require_same_metric(prepared, first, again)
    count = min(
        scenario.searcher.generation_num * scenario.searcher.pop_size,
        prepared.space.n_architectures,
    )
    return training, count * one, first


def _memory(prepared: Prepared) -> str:
    """Describe the peak memory of training and scoring, both of which have been tried."""
    peak = prepared.backend.peak_memory
    text = f"peak {peak.process / 2**30:.2f} GiB in this process"
    if peak.device is not None:
        text += f", {peak.device / 2**30:.2f} GiB on the GPU"
    text += ", after a batch through every candidate and the most expensive network"
    devices = len(prepared.scenario.resource.gpu_ids)
    return text + (f"; the same for each of {devices} devices" if devices > 1 else "")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "x".join(str(size) for size in shape or ())


def duration(seconds: float) -> str:
    """Format a time span: ``48 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
