"""Are whole networks as fast on this machine as a host profile says?

    python benchmarks/host_latency.py PROJECT [--networks 30] [--keep]

PROJECT is a directory with a scenario and a user module (``nasea init``). A profile is built with
``nasea latency build``; then random networks, drawn otherwise than those it is calibrated on, are
written as a device runs them and timed end to end. Beside it stand the sum of the blocks timed
alone and, as a baseline, a straight line in FLOPs through the same networks (fitted to what it is
judged on, so flattered). Aim: within 10 % for 90 % of the networks, Kendall tau at least 0.9.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from nasea.backends.export.host.runtimes import RUNTIMES
from nasea.backends.export.host.timing import CAREFUL
from nasea.config import load_scenario
from nasea.cost import build_cost_model
from nasea.cost.pricing import subgraphs_of
from nasea.cost.profiles import profile_path
from nasea.cost.profiles.files import load_profile
from nasea.cost.profiles.measured import MeasuredProfile
from nasea.pipeline.latency.build import build, time_files
from nasea.pipeline.probe import open_latency_space
from nasea.pipeline.session.events import NullListener
from ranking import print_judged
from recording import record, table

SEED = 20_000


def main(project: Path, count: int, keep: bool) -> None:
    scenario = load_scenario(project / "scen.yaml").scenario
    runtime = next(r for r in RUNTIMES.values() if r.framework == scenario.framework)
    path = profile_path(runtime.name, project)
    if not (keep and path.is_file()):
        build(project / "scen.yaml", runtime.name, directory=project)
    profile = load_profile(path)
    assert isinstance(profile, MeasuredProfile)
    print(profile.describe())
    opened = open_latency_space(scenario, project.resolve())
    user_networks = (opened.pre_net.costs, opened.post_net.costs)
    model = build_cost_model(opened.space, "latency", user_networks, profile, opened.user_subgraphs)
    rng = np.random.default_rng(SEED)
    genomes = [tuple(int(rng.integers(n)) for n in opened.space.choices) for _ in range(count)]
    deployment = opened.backend.deployment()
    files = [deployment.network(genome) for genome in genomes]
    timings = time_files(runtime, [(file, CAREFUL) for file in files], NullListener())
    measured = [timing.ms for timing in timings]
    alone = {row.key: row.alone_ms for row in profile.rows}
    naive = []
    for genome in genomes:
        chosen = [list(subgraphs_of(layer))[g] for layer, g in opened.space.path(genome)]
        naive.append(sum(alone[p.key] for p in (*opened.user_subgraphs, *chosen) if p.operators))
    flops = np.array([model.costs(genome).flops for genome in genomes], dtype=float)
    slope, offset = np.polyfit(flops, measured, 1)
    columns = {
        "profile": [model.value(model.costs(genome)) for genome in genomes],
        "blocks alone, summed": naive,
        "line in FLOPs": (slope * flops + offset).tolist(),
    }
    rows = [
        [", ".join(opened.space.blocks(g)), f"{ms:.4f}", f"{t.spread:.1%}",
         *(f"{column[i]:.4f}" for column in columns.values())]
        for i, (g, ms, t) in enumerate(zip(genomes, measured, timings, strict=True))
    ]  # fmt: skip
    print(table(["network", "measured ms", "spread", *columns], rows), "\n")
    judged = print_judged(columns, measured)
    results = {
        "project": project.name, "runtime": profile.runtime, "judged": judged,
        "calibration": profile.quality, "measured": measured, **columns,
    }  # fmt: skip
    record(f"host_latency_{runtime.name}_{project.name}", SEED, results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--networks", type=int, default=30)
    parser.add_argument("--keep", action="store_true", help="use the profile that is there")
    given = parser.parse_args()
    main(given.project, given.networks, given.keep)
