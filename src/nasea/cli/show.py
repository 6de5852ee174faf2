"""``nasea show``: the results of a finished search."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def show(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS_DIR", help="Where a search wrote its results.")
    ] = Path("results"),
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    arch: Annotated[
        int | None, typer.Option(metavar="N", help="Only architecture N, layer by layer.")
    ] = None,
) -> None:
    """Print the Pareto front of a finished search."""
    from nasea.cli.console import print_line, results_console
    from nasea.results.front import Front
    from nasea.results.table import front_json, front_table, member_table

    front = Front.load(results if results.suffix == ".json" else results / "front.json")
    if as_json:
        content = front_json(front) if arch is None else json.dumps(asdict(front[arch]), indent=2)
        print(content)
        return
    console = results_console()
    console.print(front_table(front) if arch is None else member_table(front, arch))
    for note in front.info.notes:
        print_line(console, f"note: {note}")
