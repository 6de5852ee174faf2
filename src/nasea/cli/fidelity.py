"""``nasea fidelity``: how truly the supernet of a search ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.terminal.wording import say


def fidelity(
    architectures: Annotated[
        int, typer.Option(metavar="K", help="Number of random feasible architectures to compare.")
    ] = 20,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="E", help="Epochs of each stand-alone training; the scenario's by default."
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(metavar="S", help="Trainings of each architecture; 2 or more show the noise."),
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
        bool, typer.Option("--restart", help="Discard earlier measurements and start over.")
    ] = False,
) -> None:
    """Compare the supernet's ranking with that of stand-alone training.

    Run it in the directory of a finished search. It trains K architectures from initial weights, S
    times each: K x S trainings. After a stop, the same command resumes. Writes
    results/fidelity.json and results/fidelity.png.
    """
    from nasea.backends.distributed.launch import launched_rank
    from nasea.cli.tables.fidelity import (
        architectures_table,
        bias_table,
        slices_table,
        summary_table,
    )
    from nasea.cli.terminal.console import results_console
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
    say("figure: results/fidelity.png")
