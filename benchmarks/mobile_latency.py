"""Does a profile of a phone's operators predict its whole networks?

    python benchmarks/mobile_latency.py DATA

DATA holds ``mobile_latency/tflite_cnn_ops_gpu.csv`` (operators of 102 networks on six phone GPUs,
microseconds) and ``tflite_cnn_e2e.csv`` (the same networks end to end). The networks are split
into five parts by family, so that no network is predicted from its narrower sisters. For each part
the operators of the other four become a profile, by way of the file that ``nasea latency import``
reads; two numbers, the cost of a network and of an operator beyond the operators' own times, are
fitted to the end-to-end times of those same four; and the networks of the part are predicted from
the shapes of their operators. Shapes beyond the measured ones are refused by default: how many
networks that leaves, and the error with and without them, are told apart.
"""

from __future__ import annotations

import argparse
import ast
import csv
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from nasea.cost import Operator, Subgraph
from nasea.cost.operators import CONCAT, CONV, DENSE, GLOBAL_POOL, POOL
from nasea.cost.profiles import UnpricedError
from nasea.cost.profiles.operator_csv import COLUMNS, row_of
from nasea.cost.profiles.table import TableProfile
from nasea.pipeline.latency.importing import import_times
from nasea.strategy.ranking import kendall_tau
from ranking import relative_errors
from recording import record, table

PHONES = ("pixel4", "s10", "mi8se", "a03s", "iphone7", "iphonexs")
PARTS = 5
SEED = 0


def operator_of(row: dict[str, str]) -> Operator:
    """The neutral record of a row of the data set.

    What is padded comes padded there already, so the input's side is larger than its output times
    the stride; a global pool is called MEAN, or AVERAGE_POOL_2D with an output of 1.
    """
    feature = ast.literal_eval(row["feature"])
    kind, c_in = row["operation"], int(feature["Input_channel"])
    if kind == "FULLY_CONNECTED":
        return Operator(DENSE, (c_in, 1, 1), (int(feature["Filter"]), 1, 1))
    side = int(feature["Input_shape"])
    before = (c_in, side, side)
    if kind == "MEAN" or (kind == "AVERAGE_POOL_2D" and feature["Output_shape"] == "1"):
        return Operator(GLOBAL_POOL, before, (c_in, 1, 1), (side, side))
    out = int(feature["Output_shape"])
    if kind == "CONCATENATION":
        inputs, c_out = int(feature["Kernel"]), int(feature["Filter"])
        return Operator(CONCAT, (-(-c_out // inputs), out, out), (c_out, out, out), inputs=inputs)
    kernel, stride = int(feature["Kernel"]), int(feature["Stride"])
    if kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        return Operator(POOL, before, (c_in, out, out), (kernel, kernel), stride)
    if kind == "DEPTHWISE_CONV_2D":
        return Operator(CONV, before, (c_in, out, out), (kernel, kernel), stride, c_in)
    groups = int(feature["Group"]) if kind == "CONV_2D_GROUP" else 1
    c_out = int(feature["Filter"])
    return Operator(CONV, before, (c_out, out, out), (kernel, kernel), stride, groups)


def parts_of(models: list[str]) -> list[list[str]]:
    """The networks in parts, sisters together."""
    families: dict[str, list[str]] = {}
    for model in models:
        family = re.split(r"[\d_]", model.replace("v2", "V").replace("v3", "W"))[0]
        families.setdefault(family, []).append(model)
    parts: list[list[str]] = [[] for _ in range(PARTS)]
    for family in sorted(families, key=lambda f: (-len(families[f]), f)):
        min(parts, key=len).extend(families[family])
    return parts


def read(
    data: Path, phone: str
) -> tuple[dict[str, list[tuple[Operator, float]]], dict[str, float]]:
    """(network -> operators and microseconds, network -> microseconds end to end)."""
    operators: dict[str, list[tuple[Operator, float]]] = {}
    with (data / "mobile_latency" / "tflite_cnn_ops_gpu.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pair = (operator_of(row), float(row[f"{phone}|gpu|float"]))
            operators.setdefault(row["model"], []).append(pair)
    with (data / "mobile_latency" / "tflite_cnn_e2e.csv").open(encoding="utf-8") as file:
        whole = {
            row["model"]: float(row[f"{phone}|gpu|float|mean"]) for row in csv.DictReader(file)
        }
    return operators, whole


def profile_of(rows: list[tuple[Operator, float]], folder: Path) -> TableProfile:
    """A profile of measured operators, through the file that users write."""
    path = folder / "results.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, "latency_us"])
        writer.writeheader()
        writer.writerows({**row_of(op), "latency_us": str(us)} for op, us in rows)
    return import_times(path, "phone", directory=folder, extrapolate=True)[0]


def calibrated(
    profile: TableProfile, networks: list[list[tuple[Operator, float]]], whole: list[float]
) -> TableProfile:
    """The profile with the two costs beyond the operators that fit whole networks best."""
    ms = np.array(whole)
    own = np.array([sum(us for _, us in rows) / 1e3 for rows in networks])
    features = np.array([(1.0, float(len(rows))) for rows in networks])
    target = (ms - own) / ms
    (network, operator), *_ = np.linalg.lstsq(features / ms[:, None], target, rcond=None)
    return replace(profile, per_network_ms=float(network), per_operator_ms=float(operator))


def predictions(data: Path, phone: str) -> Iterator[tuple[str, float, float, bool]]:
    """(network, predicted ms, measured ms, whether no shape was extrapolated)."""
    operators, whole = read(data, phone)
    for part in parts_of(list(operators)):
        known = [model for model in operators if model not in part]
        with tempfile.TemporaryDirectory() as folder:
            rows = [pair for model in known for pair in operators[model]]
            profile = profile_of(rows, Path(folder))
        networks = [operators[model] for model in known]
        profile = calibrated(profile, networks, [whole[model] / 1e3 for model in known])
        strict = replace(profile, extrapolate=False)
        for model in part:
            subgraph = Subgraph(model, tuple(op for op, _ in operators[model]))
            try:
                inside = strict.latency_ms(subgraph) > 0
            except UnpricedError:
                inside = False
            try:
                ms = profile.latency_ms(subgraph) + profile.per_network_ms
            except UnpricedError as error:
                if phone == PHONES[0]:  # the operators are the same on all phones
                    print(f"left out, {model}: {error.gaps[0]}")
                continue
            yield model, ms, whole[model] / 1e3, inside


def main(data: Path) -> None:
    results, rows = {}, []
    for phone in PHONES:
        found = list(predictions(data, phone))
        for label, chosen in (
            ("inside", [f for f in found if f[3]]),
            ("all", found),
        ):
            predicted, measured = [f[1] for f in chosen], [f[2] for f in chosen]
            judged = {
                **relative_errors(predicted, measured),
                "median": float(np.median(np.abs(np.divide(predicted, measured) - 1))),
                "tau": kendall_tau(predicted, measured),
                "networks": len(chosen),
            }
            results[f"{phone}, {label}"] = judged
            rows.append(
                [f"{phone}, {label}", str(len(chosen)), f"{judged['median']:.1%}",
                 f"{judged['mean']:.1%}", f"{judged['largest']:.1%}",
                 f"{judged['within_10_percent']:.0%}", f"{judged['tau']:.3f}"]
            )  # fmt: skip
    head = ["phone, networks", "n", "median error", "mean", "largest", "within 10 %", "Kendall tau"]
    print(table(head, rows))
    record("mobile_latency", SEED, results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds mobile_latency/")
    main(parser.parse_args().data)
