"""Does the loop over a device lead from a space to a profile that is right about whole networks?

    python benchmarks/device_loop.py PROJECT [--networks 30] [--rounds 7]

``nasea latency run --over local --runner python`` measures the operators of PROJECT's space on this
machine as it would on a board, and calibrates on 16 random networks. Then other random networks
are timed in the same way, with the same runner, and compared with the profile. Beside it stand the
plain sum of the operators and a straight line in FLOPs through the same networks (fitted to what it
is judged on, so flattered). Aim: within 10 % for 90 % of the networks. Interrupted, it goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

from nasea.config import load_scenario
from nasea.cost import build_cost_model
from nasea.cost.profiles.table import TableProfile
from nasea.pipeline.latency.build import subgraphs_in
from nasea.pipeline.latency.device.journal import Journal
from nasea.pipeline.latency.device.measuring import Measuring, Task
from nasea.pipeline.latency.device.rounds import Patience, agreed
from nasea.pipeline.latency.device.runners import RUNNERS
from nasea.pipeline.latency.device.transports import Local
from nasea.pipeline.latency.run import DevicePlan, placeholders, run_on_device
from nasea.pipeline.probe import open_latency_space
from ranking import print_judged
from recording import record, table

SEED = 20_000
NAME = "device_loop"


def main(project: Path, count: int, rounds: int) -> None:
    begin = time.perf_counter()
    scenario = load_scenario(project / "scen.yaml").scenario
    patience = Patience(most=rounds)
    plan = DevicePlan("local", runner="python", patience=patience)
    bench = project / "latency_bench"
    found = run_on_device(project / "scen.yaml", NAME, plan, bench=bench, directory=project)
    seconds = time.perf_counter() - begin
    profile = found.profile
    print(profile.describe())
    opened = open_latency_space(scenario, project.resolve())
    ends = (opened.pre_net.costs, opened.post_net.costs)
    model = build_cost_model(opened.space, "latency", ends, profile, opened.user_subgraphs)
    rng = np.random.default_rng(SEED)
    genomes = [tuple(int(rng.integers(n)) for n in opened.space.choices) for _ in range(count)]
    deployment = opened.backend.deployment()
    judges = project / "judges"
    judges.mkdir(exist_ok=True)
    tasks = []
    for number, genome in enumerate(genomes):
        path = judges / f"{number:03d}{deployment.suffix}"
        path.write_bytes(deployment.network(genome))
        tasks.append(Task(f"network {number:03d}", path))
    journal = Journal(judges / "rounds.jsonl", {"of": project.name})
    local, runner = Local(project), RUNNERS["python"]
    values = placeholders(plan, runner, local)
    Measuring(local, runner, values, patience, plan.seconds, journal).run(tasks)
    timings = [agreed(journal.times[task.id]) for task in tasks]
    measured = [timing.ms for timing in timings]
    plain = dataclasses.replace(profile, factor=1.0, per_operator_ms=0.0, per_network_ms=0.0)
    flops = np.array([model.costs(genome).flops for genome in genomes], dtype=float)
    slope, offset = np.polyfit(flops, measured, 1)
    columns = {
        "profile": [model.value(model.costs(genome)) for genome in genomes],
        "operators, summed": [summed(plain, opened, genome) for genome in genomes],
        "line in FLOPs": (slope * flops + offset).tolist(),
    }
    rows = [
        [
            f"{i}",
            f"{t.ms:.4f}",
            f"{t.spread:.1%}",
            *(f"{column[i]:.4f}" for column in columns.values()),
        ]
        for i, t in enumerate(timings)
    ]
    print(table(["network", "measured ms", "spread", *columns], rows), "\n")
    judged = print_judged(columns, measured)
    results = {
        "project": project.name, "operators": len(profile.rows), "rounds": found.rounds,
        "unsettled": len(found.unsettled), "failed": len(found.failed), "seconds": seconds,
        "calibration": profile.quality, "judged": judged, "measured": measured,
        "spread": [t.spread for t in timings], **columns,
    }  # fmt: skip
    record(f"device_loop_{scenario.framework}", SEED, results)


def summed(profile: TableProfile, opened: object, genome: tuple[int, ...]) -> float:
    """The operators of a network, each timed alone, in ms."""
    return sum(profile.latency_ms(subgraph) for subgraph in subgraphs_in(opened, genome))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--networks", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=7, help="of a file, at most")
    given = parser.parse_args()
    main(given.project.resolve(), given.networks, given.rounds)
