"""The front as a spreadsheet: ``pareto.csv``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from nasea.results.front import Front
from nasea.results.storage.files import write_result

_HEADER = (
    "number",
    "accuracy",
    "metric",
    "search_metric",
    "parameters",
    "flops",
    "latency_ms",
    "model_file",
    "weights_file",
    "blocks",
    "genome",
)


def save_front_csv(front: Front, path: Path) -> None:
    """Write one row for each member, by rising cost.

    Counts are exact, ``flops`` are 2 x MACs for one image, ``latency_ms`` is empty when latency was
    not modelled, ``blocks`` and ``genome`` are separated by spaces. If widths were searched, each
    layer has a column with its output channels. If members were scored as their int8 files, two
    columns contain the scores of the float networks.

    Raises:
        ResultsError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    layers = range(max((len(member.widths) for member in front), default=0))
    int8 = ("float_accuracy", "float_metric") if front.info.score_as == "int8" else ()
    writer.writerow([*_HEADER, *(f"width_{layer}" for layer in layers), *int8])
    for member in front:
        writer.writerow(
            [
                member.number,
                member.accuracy,
                member.metric,
                member.search_metric,
                member.parameters,
                member.flops,
                "" if member.latency_ms is None else member.latency_ms,
                *front.files_of(member),
                " ".join(member.blocks),
                " ".join(map(str, member.genome)),
                *member.widths,
                *(getattr(member, name) for name in int8),
            ]
        )
    write_result(path, text.getvalue())
