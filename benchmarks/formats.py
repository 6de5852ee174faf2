"""What becomes of a network in every format that it can be exported to.

    python benchmarks/formats.py PROJECT --arch N [--name NAME] [--calibration-images K]
    python benchmarks/formats.py PROJECT --results results/retrained_N [...]

PROJECT is a directory in which `nasea search` ended. Its network N, or a retrained one, is exported
to every format of its framework, as `nasea export` does: each file is loaded in its own runtime,
compared with the network on all validation images, measured with the user's metric and timed on
one thread. Formats of other systems (Core ML) are converted only. A format whose package is not
installed, or that cannot express the network, is a row with the reason. On a machine that does
other work, --cpu times runs by the CPU time of the process instead of the clock.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nasea.backends.export import timing
from nasea.backends.export.formats import FORMATS, Format
from nasea.config import load_scenario
from nasea.errors import NaseaError, Notice
from nasea.pipeline.export.exporting import export
from nasea.pipeline.session.events import NullListener
from nasea.results.picked import pick_result
from recording import record, table

HEAD = ["format", "kB", "difference", "predictions", "metric", "change", "latency (ms)"]


class Notices(NullListener):
    """Keeps what was said about a file."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, notice: Notice) -> None:
        """See :class:`nasea.pipeline.session.events.Listener`."""
        if notice.where == "export":
            self.texts.append(notice.text)


def outcome(format: Format, directory: Path, options: dict[str, Any]) -> dict[str, Any]:
    """What exporting to a format gives, or why it gives nothing."""
    listener = Notices()
    row: dict[str, Any] = {"format": format.name, "runtime": format.runtime}
    if format.precision != "int8":
        options = options | {"calibration_images": None}
    try:
        (one,) = export(
            directory / "scen.yaml",
            formats=[format.name],
            directory=directory,
            listener=listener,
            **options,
        )
    except NaseaError as error:
        return row | {"failed": str(error)}
    row |= {"bytes": one.size, "batch": one.batch, "notices": listener.texts}
    if one.comparison is None:
        return row
    return row | {
        "difference": one.comparison.difference,
        "largest_output": one.comparison.largest,
        "predictions": one.comparison.predictions,
        "equal": one.comparison.predictions - one.comparison.changed,
        "metric": one.accuracy,
        "change": 0.0 - one.drop,
        "milliseconds": one.milliseconds,
    }


def cells(row: dict[str, Any]) -> list[str]:
    """A row of the table."""
    if "failed" in row:
        return [row["format"], "", "", "", "", "", row["failed"].splitlines()[0]]
    size = f"{row['bytes'] / 1000:,.1f}"
    if "metric" not in row:
        return [row["format"], size, "not run", "", "", "", ""]
    return [
        row["format"],
        size,
        f"{row['difference']:.1e}",
        f"{row['equal']:,}/{row['predictions']:,}" if row["predictions"] else "",
        f"{row['metric']:.4f}",
        f"{row['change']:+.4f}",
        f"{row['milliseconds']:.3g}",
    ]


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--arch", type=int, help="number of a network of the front")
    parser.add_argument("--results", default="results", help="directory in the project")
    parser.add_argument("--calibration-images", type=int)
    parser.add_argument("--cpu", action="store_true", help="CPU time instead of the clock's")
    parser.add_argument("--name", help="of the record; that of the project by default")
    arguments = parser.parse_args()
    directory = arguments.project.resolve()
    os.chdir(directory)  # a search runs there, so paths in scen.yaml start there
    if arguments.cpu:
        timing.time = SimpleNamespace(perf_counter=time.process_time)
    scenario = load_scenario(directory / "scen.yaml").scenario
    options = {
        "number": arguments.arch,
        "results": directory / arguments.results,
        "calibration_images": arguments.calibration_images,
    }
    member = pick_result(options["results"], arguments.arch).member
    rows = []
    for format in FORMATS.values():
        if format.framework == scenario.framework:
            rows.append(outcome(format, directory, options))
            print(*cells(rows[-1]), sep="  ", flush=True)
    print(table(HEAD, [cells(row) for row in rows]))
    for row in rows:
        for text in row.get("notices", ()):
            print(f"- {text}")
    results = {
        "project": arguments.project.name,
        "framework": scenario.framework,
        "task": scenario.task,
        "parameters": member.parameters,
        "flops": member.flops,
        "calibration_images": arguments.calibration_images or scenario.searcher.bn_images,
        "timed_by": "CPU time" if arguments.cpu else "clock",
        "formats": rows,
    }
    record(f"formats_{arguments.name or directory.name}", scenario.seed, results)


if __name__ == "__main__":
    main()
