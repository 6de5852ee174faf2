"""``nasea latency build``: makes a profile of this machine for the search space of a scenario."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nasea.backends.export.deployment import Deployment
from nasea.backends.export.host.runtimes import RUNTIMES, HostRuntime, this_processor
from nasea.backends.export.host.timing import BRISK, CAREFUL, Effort, Job, Timing, time_all
from nasea.config import Scenario, load_scenario
from nasea.cost import Subgraph
from nasea.cost.pricing import subgraphs_of
from nasea.cost.profiles import profile_path
from nasea.cost.profiles.files import save_profile
from nasea.cost.profiles.measured import (
    Calibration,
    MeasuredProfile,
    MeasuredSubgraph,
    calibrate,
)
from nasea.errors import LatencyError
from nasea.pipeline.latency.importing import require_name
from nasea.pipeline.probe import Built, open_latency_space
from nasea.pipeline.session.events import Listener, NullListener, Progress
from nasea.space import Genome
from nasea.strategy.ranking import kendall_tau

NETWORKS = 16
"""Number of whole networks on which a table is calibrated."""

_STREAM = 0x1A7


@dataclass(frozen=True)
class BuiltProfile:
    """A profile of this machine.

    Attributes:
        profile: the profile.
        path: the file it was written to.
        unsettled: labels of subgraphs whose fastest rounds never agreed.
    """

    profile: MeasuredProfile
    path: Path
    unsettled: tuple[str, ...]


def build(
    config: Path,
    processor: str,
    *,
    name: str | None = None,
    networks: int = NETWORKS,
    directory: Path | None = None,
    listener: Listener | None = None,
) -> BuiltProfile:
    """Time every block of a scenario's search space, and some whole networks, on this machine.

    Args:
        config: the scenario; if it has no latency budget, the default blocks for one are used.
        processor: ``host-onnxruntime`` or ``host-litert``.
        name: name of the profile; that of the processor by default.
        networks: number of whole networks to calibrate on, at least 4.
        directory: directory of ``user_module.py`` and ``profiles/``; the current directory by
            default.
        listener: receives progress and notices.

    Raises:
        NaseaError: a mistake that the user can fix.
    """
    listener = listener or NullListener()
    home = (directory or Path.cwd()).resolve()
    loaded = load_scenario(config)
    for notice in loaded.notices:
        listener.notice(notice)
    runtime = runtime_for(processor, loaded.scenario)
    require_name(name or processor)
    release = runtime.release()
    listener.begin("latency", f"timing the blocks of {config} with {release}, one thread")
    opened = open_latency_space(loaded.scenario, home)
    try:
        deployment = opened.backend.deployment()
        blocks = _block_files(opened, deployment, listener)
        files = {**_user_files(opened, deployment), **blocks}
        genomes = sample(opened, networks, loaded.scenario.seed)
        [session], alone, whole = _time(runtime, deployment, files, genomes, listener)
    finally:
        opened.backend.close()
    times = dict(zip(files, alone, strict=True))
    parts = [_parts(opened, genome, times) for genome in genomes]
    found = calibrate(parts, [timing.ms for timing in whole], session.ms)
    label = f"nasea latency build --processor {processor} -c {config}"
    label += f" --name {name}" if name else ""
    profile = MeasuredProfile(
        name=name or processor,
        processor=this_processor(),
        runtime=f"{release}, 1 thread",
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        command=label,
        per_network_ms=found.constant,
        quality=held_out_quality(parts, [timing.ms for timing in whole], session.ms),
        rows=tuple(
            MeasuredSubgraph(subgraph.key, subgraph.label, t.ms, t.spread, found.price(t.ms))
            for subgraph, t in times.items()
        ),
    )
    path = profile_path(profile.name, home)
    save_profile(profile, path)
    unsettled = tuple(p.label for p, t in times.items() if t.spread > 2 * BRISK.agreement)
    return BuiltProfile(profile, path, unsettled)


def runtime_for(processor: str, scenario: Scenario) -> HostRuntime:
    """Return the runtime of a processor.

    Raises:
        LatencyError: there is none of that name, or it cannot run the scenario's networks.
    """
    known = ", ".join(RUNTIMES)
    runtime = RUNTIMES.get(processor)
    if runtime is None:
        raise LatencyError(
            f"--processor: nasea cannot measure {processor!r} here; known: {known}",
            fix="for another device: nasea latency bench writes what to measure there",
        )
    if runtime.framework != scenario.framework:
        other = next(r.name for r in RUNTIMES.values() if r.framework == scenario.framework)
        raise LatencyError(
            f"--processor: {processor} runs networks of {runtime.framework}, the scenario's "
            f"framework is {scenario.framework}",
            fix=f"use --processor {other}",
        )
    return runtime


def sample(opened: Built, count: int, seed: int) -> list[Genome]:
    """Draw random architectures from deep to shallow, with all candidates about equally often.

    The constant cost of a whole network is determined from networks with many and with few
    blocks, and a search finds both. So the fraction of skipped layers rises along the sample.

    Args:
        opened: the search space.
        count: number of architectures.
        seed: seed of the draws.
    """
    rng = np.random.default_rng([seed, _STREAM])
    columns = []
    for choices in opened.space.choices:
        repeats = -(-count // choices)
        column = np.concatenate([rng.permutation(choices) for _ in range(repeats)])
        columns.append(column[:count])
    genomes = np.stack(columns, axis=1)
    for layer in opened.space.layers:
        if layer.skip is not None:
            skipped = rng.random(count) < np.arange(count) / count
            genomes[skipped, layer.index] = layer.skip
    return [tuple(int(gene) for gene in row) for row in genomes]


def _user_files(opened: Built, deployment: Deployment) -> dict[Subgraph, bytes]:
    before, behind = opened.user_subgraphs
    return {before: deployment.user_network("PreNet"), behind: deployment.user_network("PostNet")}


def _block_files(
    opened: Built, deployment: Deployment, listener: Listener
) -> dict[Subgraph, bytes]:
    files: dict[Subgraph, bytes] = {}
    known: set[str] = set()
    layers = list(opened.space.every_layer)
    for done, layer in enumerate(layers):
        # With a converter, writing the files takes longer than timing them.
        listener.progress(Progress("latency", done, len(layers), "layer"))
        for subgraph, candidate in zip(subgraphs_of(layer), layer.candidates, strict=True):
            if subgraph.operators and subgraph.key not in known:
                known.add(subgraph.key)
                files[subgraph] = deployment.block(candidate.program, layer.in_shape)
    return files


def _time(
    runtime: HostRuntime,
    deployment: Deployment,
    files: dict[Subgraph, bytes],
    genomes: Sequence[Genome],
    listener: Listener,
) -> tuple[list[Timing], list[Timing], list[Timing]]:
    """Return the times of an empty model, every subgraph and every network."""
    subgraphs = [(model, BRISK) for model in (deployment.nothing(), *files.values())]
    networks = []
    for done, genome in enumerate(genomes):
        networks.append((deployment.network(genome), CAREFUL))
        listener.progress(Progress("latency", done + 1, len(genomes), "network"))
    # All interleaved, since the calibration compares subgraphs with networks.
    timings = time_files(runtime, [*subgraphs, *networks], listener)
    return timings[:1], timings[1 : len(subgraphs)], timings[len(subgraphs) :]


def time_files(
    runtime: HostRuntime, models: Sequence[tuple[bytes, Effort]], listener: Listener
) -> list[Timing]:
    """Time files in interleaved rounds, each with its effort."""

    def on_round(done: int, total: int) -> None:
        listener.progress(Progress("latency", done, total, "file"))

    jobs = [Job(partial(runtime.runner, model), effort) for model, effort in models]
    return time_all(jobs, on_round)


def _parts(opened: Built, genome: Genome, times: dict[Subgraph, Timing]) -> list[float]:
    """Return the isolated times of the subgraphs of a network, in ms."""
    by_key = {subgraph.key: timing.ms for subgraph, timing in times.items()}
    found = subgraphs_in(opened, genome)
    return [by_key[subgraph.key] for subgraph in found if subgraph.operators]


def subgraphs_in(opened: Built, genome: Genome) -> list[Subgraph]:
    """Return the subgraphs of a network: PreNet, PostNet, and a candidate of each layer."""
    subgraphs = [*opened.user_subgraphs]
    for layer, gene in opened.space.path(genome):
        subgraphs.append(list(subgraphs_of(layer))[gene])
    return subgraphs


def held_out_quality(parts: Sequence[list[float]], whole: Sequence[float], session: float) -> str:
    """Describe how well each network is predicted by a calibration on the others."""
    errors, predicted = [], []
    for held_out in range(len(whole)):
        rest = [i for i in range(len(whole)) if i != held_out]
        found = calibrate([parts[i] for i in rest], [whole[i] for i in rest], session)
        ms = predict(found, parts[held_out])
        predicted.append(ms)
        errors.append(abs(ms / whole[held_out] - 1))
    return (
        f"error {statistics.mean(errors):.1%} on average, {max(errors):.1%} at most, Kendall tau "
        f"{kendall_tau(predicted, whole):.2f} over {len(whole)} random networks, each predicted "
        "from the others"
    )


def predict(calibration: Calibration, parts: Sequence[float]) -> float:
    """Predict the latency of a network in ms from the isolated times of its subgraphs."""
    return calibration.constant + sum(calibration.price(ms) for ms in parts)
