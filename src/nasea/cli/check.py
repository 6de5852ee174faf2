"""``nasea check``: what can be known before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from nasea.pipeline.diagnosis.check import CheckReport

_LAYER_COLUMNS = ("layer", "input", "output", "stride", "candidates")


def check(
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario.")
    ] = Path("scen.yaml"),
    only_config: Annotated[
        bool,
        typer.Option("--only-config", help="Check only the file, without data and user module."),
    ] = False,
) -> None:
    """Check a scenario, user_module.py and the data, without training.

    Reports what the networks cost, whether any meets the budget, and how long a search takes.
    """
    if only_config:
        _check_file(config)
    else:
        _probe(config)


def _check_file(config: Path) -> None:
    from nasea.cli.terminal.listener import RichListener
    from nasea.config import load_scenario

    loaded = load_scenario(config)
    with RichListener() as listener:
        for notice in loaded.notices:
            listener.notice(notice)
    typer.echo(f"{config}: no errors (data and user_module.py were not checked)")


def _probe(config: Path) -> None:
    from nasea.cli.terminal.console import results_console
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.diagnosis.check import check as run

    with RichListener() as listener:
        report = run(config, listener=listener)
        for notice in report.notices:
            listener.notice(notice)
    console = results_console()
    console.print(_findings(report))
    console.print(_layers(report))
    typer.echo(f"{config}: ready to search")


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
