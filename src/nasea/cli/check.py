"""``nasea check``: what can be known before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasea.cli.terminal.wording import say
from nasea.errors import NotAvailableError

if TYPE_CHECKING:
    from rich.table import Table

    from nasea.pipeline.diagnosis.check import CheckReport
    from nasea.pipeline.diagnosis.coverage import Coverage

_LAYER_COLUMNS = ("layer", "input", "output", "stride", "candidates")


def check(
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario.")
    ] = Path("scen.yaml"),
    only_config: Annotated[
        bool,
        typer.Option("--only-config", help="Check only the file, without data and user module."),
    ] = False,
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="NAME",
            help="Also say which blocks NAME cannot run: tflite-int8, onnx-int8, executorch, "
            "executorch-int8, ethos-u, edge-tpu, or a list of yours. May be repeated.",
        ),
    ] = None,
) -> None:
    """Check a scenario, user_module.py and the data, without training.

    Reports what the networks cost, whether any meets the budget, and how long a search takes.
    With --target, exit status 2 says that some network cannot run there wholly.
    """
    if only_config:
        _check_file(config)
    else:
        _probe(config, targets or [])


def _check_file(config: Path) -> None:
    from nasea.cli.terminal.listener import RichListener
    from nasea.config import load_scenario

    loaded = load_scenario(config)
    with RichListener() as listener:
        for notice in loaded.notices:
            listener.notice(notice)
    say(f"{config}: no errors (data and user_module.py were not checked)")


def _probe(config: Path, targets: list[str]) -> None:
    from nasea.cli.terminal.console import results_console, tell
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.diagnosis.check import check as run

    with RichListener() as listener:
        report = run(config, targets=targets, listener=listener)
        for notice in report.notices:
            listener.notice(notice)
    console = results_console()
    console.print(_findings(report))
    console.print(_layers(report))
    for one in report.coverage:
        tell(f"{one.target.name}: {one.target.title}")
        if one.uncovered:
            console.print(_uncovered(one))
        tell(_summary(one))
    lacking = [one.target.name for one in report.coverage if not one.runs]
    if lacking:
        raise NotAvailableError(
            f"{config}: not all networks of this space run on {', '.join(lacking)}",
            fix="\n       ".join(dict.fromkeys(one.fix for one in report.coverage if one.fix)),
        )
    say(f"{config}: ready to search")


def _uncovered(one: Coverage) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    table.add_column("part", no_wrap=True)
    table.add_column("layers", overflow="fold")
    table.add_column("runs")
    table.add_column("operator: why", overflow="fold")
    for each in one.uncovered:
        runs = "if" if each.runs else "no"
        table.add_row(Text(each.part), each.where, runs, Text("\n".join(each.reasons)))
    return table


def _summary(one: Coverage) -> str:
    sources = ", ".join(one.target.source)
    if one.runs:
        return f"runs every network of this space, by {sources}\n"
    return f"an operator that it does not run {one.target.otherwise}; by {sources}\n"


def _findings(report: CheckReport) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in report.lines:
        table.add_row(Text(label), Text(value))
    return table


def _layers(report: CheckReport) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    for title in _LAYER_COLUMNS:
        last = title == _LAYER_COLUMNS[-1]
        table.add_column(title, no_wrap=not last, overflow="fold")
    for row in report.layers:
        table.add_row(*(Text(cell) for cell in row))
    return table
