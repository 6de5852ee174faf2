"""How good is ``npu_v1``? Fit, error and rank correlation on public whole-network measurements.

python benchmarks/npu_v1.py DATA

DATA holds ``kirin/measured_latency_share.csv`` with the columns soc, unit, model, ms. Two figures
are fitted by least squares of the relative error; "held out" predicts each network from a fit to
the others. The baseline is a straight line in multiply-adds, judged alike. The last table uses the
figures fitted to the Kirin 990 5G, with one core instead of two, on measurements of the Kirin 990:
nothing is fitted to those.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nasea.cost.profiles.analytic import AnalyticProfile, Machine, work_of
from nasea.cost.profiles.find import packaged_profile
from nasea.strategy.ranking import kendall_tau
from public_networks import named
from ranking import relative_errors
from recording import record, table

UNIT = "NPU-fp16"


def measurements(data: Path, soc: str) -> dict[str, float]:
    """Network -> milliseconds."""
    with (data / "kirin" / "measured_latency_share.csv").open(encoding="utf-8") as file:
        return {
            row["model"]: float(row["ms"])
            for row in csv.DictReader(file)
            if (row["soc"], row["unit"]) == (soc, UNIT)
        }


def physics(model: str, machine: Machine) -> tuple[float, list[float]]:
    """(milliseconds of cube and memory, [10^6 vector operations, launches]) of a network."""
    works = [work_of(operator, machine) for operator in named(model)]
    fixed = sum(work.cube_ms + work.memory_ms for work in works)
    return fixed, [sum(w.vector_mops for w in works), float(sum(w.launches for w in works))]


def macs(model: str, machine: Machine) -> tuple[float, list[float]]:
    """The baseline: (0, [10^9 multiply-adds, 1])."""
    return 0.0, [sum(operator.macs for operator in named(model)) / 1e9, 1.0]


Features = Callable[[str, Machine], tuple[float, list[float]]]


def fit(features: Features, machine: Machine, measured: dict[str, float]) -> list[float]:
    """The factors that make the relative errors least."""
    fixed, rows = zip(*(features(model, machine) for model in measured), strict=True)
    ms = np.array(list(measured.values()))
    target = (ms - np.array(fixed)) / ms
    factors, *_ = np.linalg.lstsq(np.array(rows) / ms[:, None], target, rcond=None)
    return [float(factor) for factor in factors]


def predict(features: Features, machine: Machine, model: str, factors: Sequence[float]) -> float:
    fixed, row = features(model, machine)
    return fixed + float(np.dot(row, factors))


def held_out(features: Features, machine: Machine, measured: dict[str, float]) -> list[float]:
    """Each network from a fit to the others."""
    predicted = []
    for model in measured:
        others = {other: ms for other, ms in measured.items() if other != model}
        predicted.append(predict(features, machine, model, fit(features, machine, others)))
    return predicted


def main(data: Path) -> None:
    profile = packaged_profile("npu_v1")
    assert isinstance(profile, AnalyticProfile)
    measured = measurements(data, "Kirin 990 5G")
    machine = profile.machine
    ms = list(measured.values())
    factors = fit(physics, machine, measured)
    columns = {
        "shipped": [sum(map(profile.operator_ms, named(model))) for model in measured],
        "held out": held_out(physics, machine, measured),
        "MACs only, held out": held_out(macs, machine, measured),
    }
    rows = [
        [model, f"{value:.3f}", *(f"{columns[c][i]:.3f}" for c in columns)]
        for i, (model, value) in enumerate(measured.items())
    ]
    judged = {
        name: {**relative_errors(found, ms), "tau": kendall_tau(found, ms)}
        for name, found in columns.items()
    }
    smaller = replace(machine, cores=1)
    other = measurements(data, "Kirin 990")
    transferred = [predict(physics, smaller, model, factors) for model in other]
    judged["Kirin 990, nothing fitted"] = {
        **relative_errors(transferred, list(other.values())),
        "tau": kendall_tau(transferred, list(other.values())),
    }
    fitted = {"vector_gops": 1 / factors[0], "us_per_operator": 1e3 * factors[1]}
    print(table(["network, Kirin 990 5G", "measured ms", *columns], rows), "\n")
    other_rows = [
        [model, f"{other[model]:.3f}", f"{found:.3f}"]
        for model, found in zip(other, transferred, strict=True)
    ]
    print(table(["network, Kirin 990 (one core)", "measured ms", "predicted"], other_rows), "\n")
    judged_rows = [
        [name, f"{j['mean']:.1%}", f"{j['largest']:.1%}", f"{j['tau']:.2f}"]
        for name, j in judged.items()
    ]
    print(table(["model", "mean error", "largest error", "Kendall tau"], judged_rows), "\n")
    error, tau = judged["held out"]["mean"], judged["held out"]["tau"]
    largest = judged["held out"]["largest"]
    print("for npu_v1.toml:")
    for name, value in fitted.items():
        print(f"{name} = {value:.1f}")
    print(
        f'text = "error {error:.1%} on average, {largest:.1%} at most, Kendall tau {tau:.2f} over '
        f'{len(ms)} published networks, each predicted from the others"'
    )
    record("npu_v1", 0, {"fitted": fitted, "judged": judged, "measured": measured, **columns})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
