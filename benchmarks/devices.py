"""How much faster are two devices than one?

    python benchmarks/devices.py --devices 0,1 --cpu --rounds 5 [--framework tensorflow]

Trains and scores the small networks of `nasea doctor` on one device and on all, in turns, each turn
in a process of its own, and prints the median of each with its range. On CPUs the cores are
divided: what one process does with all threads, several do with their share. A ratio above 1 there
says that threads gain less than processes. On GPUs the ideal ratio is the number of devices.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path

from nasea.backends import open_process_group, single_process
from nasea.config import Scenario
from nasea.pipeline.diagnosis.doctor import MEGABYTES, Speed, measure_speed, run_in_subprocess
from nasea.pipeline.diagnosis.trial import Framework, trial_project, trial_scenario
from recording import record, table


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", default="0,1")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--framework", choices=["pytorch", "tensorflow"], default="pytorch")
    arguments = parser.parse_args()
    ids = [int(part) for part in arguments.devices.split(",")]
    device = "cpu" if arguments.cpu else "auto"
    framework: Framework = arguments.framework
    one: list[Speed] = []
    every: list[Speed] = []
    seconds: list[float] = []
    with trial_project(framework) as home:
        for _ in range(arguments.rounds):
            first = trial_scenario(ids[:1], device, framework)
            one.append(run_in_subprocess(measure_speed, single_process(), first, home))
            took, speed = run_in_subprocess(together, trial_scenario(ids, device, framework), home)
            seconds.append(took)
            every.append(speed)
    exchange = statistics.median(seconds)
    rows = [row(name, [getattr(s, name) for s in one], [getattr(s, name) for s in every])
            for name in ("images", "candidates")]  # fmt: skip
    load = os.getloadavg()[1]
    print(
        f"{os.cpu_count()} CPU cores, mean load {load:.1f}; {every[0].devices}; "
        f"all-reduce of {MEGABYTES} MB: {exchange:.3f} s"
    )
    print(table(["a second", "one", "(range)", "all", "(range)", "ratio"], rows))
    results = {
        "devices": every[0].devices,
        "cores": os.cpu_count(),
        "mean_load": round(load, 1),
        "all_reduce_mb_per_s": round(MEGABYTES / exchange, 1),
        **{name: {"one": [getattr(s, name) for s in one], "all": [getattr(s, name) for s in every]}
           for name in ("images", "candidates")},
    }  # fmt: skip
    record("devices" if framework == "pytorch" else f"devices_{framework}", 0, results)


def together(scenario: Scenario, home: Path) -> tuple[float, Speed]:
    """Seconds of an all-reduce, and the speed of all devices."""
    with open_process_group(scenario, lambda: None) as group:
        return group.exchange(MEGABYTES), measure_speed(group, scenario, home)


def row(name: str, one: list[float], every: list[float]) -> list[str]:
    """A line of the table."""
    ratio = statistics.median(every) / statistics.median(one)
    return [
        name,
        f"{statistics.median(one):.1f}", f"{min(one):.1f} to {max(one):.1f}",
        f"{statistics.median(every):.1f}", f"{min(every):.1f} to {max(every):.1f}",
        f"{ratio:.2f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
