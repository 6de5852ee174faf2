"""``nasea fidelity``: how truly the supernet of a search ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fidelity(
    architectures: Annotated[
        int, typer.Option(metavar="K", help="How many random feasible ones to compare.")
    ] = 20,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="E", help="Of training each alone. By default those of the scenario."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(metavar="S", help="How often to train each; 2 show how far chance goes."),
    ] = 2,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="COST",
            help="Compare only such as cost this within 5 %, in the unit of the constraint: 50k, "
            "3.2M, or milliseconds. By default any within the budget.",
        ),
    ] = None,
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario of the search.")
    ] = Path("scen.yaml"),
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget what earlier starts measured; begin anew.")
    ] = False,
) -> None:
    """Compare the supernet's ranking with that of training architectures alone.

    Run it in the directory of a finished search. It trains K architectures from initial values, S
    times each, which takes K x S trainings; stopped, the same command goes on. Writes
    results/fidelity.json and results/fidelity.png.
    """
    from nasea.backends.distributed.launch import launched_rank
    from nasea.cli.terminal.console import results_console
    from nasea.cli.terminal.fidelity_table import (
        architectures_table,
        bias_table,
        slices_table,
        summary_table,
    )
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.diagnosis.fidelity import Study
    from nasea.pipeline.diagnosis.fidelity import fidelity as run
    from nasea.pipeline.search.following import follow_run
    from nasea.results.recommend import parse_budget

    if launched_rank() > 0:  # of all that a launcher started, the first leads
        follow_run(config)
        return
    with RichListener() as listener:
        at = None if cost is None else parse_budget(cost, "--cost")
        study = Study(architectures, epochs, seeds, at)
        found = run(config, study, restart=restart, listener=listener)
    console = results_console()
    console.print(architectures_table(found))
    console.print(summary_table(found))
    if found.slices:
        console.print(slices_table(found))
    console.print(bias_table(found))
    typer.echo("figure: results/fidelity.png")
