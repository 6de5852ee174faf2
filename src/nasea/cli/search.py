"""``nasea search``: from a scenario to a front of models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.terminal.wording import say


def search(
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario.")
    ] = Path("scen.yaml"),
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard the checkpoints and start over.")
    ] = False,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="Time for the whole job, such as 90m or 2h: epochs, scores and the retraining of "
            "the best network near the budget are planned to fit.",
        ),
    ] = None,
    finish: Annotated[
        bool,
        typer.Option(
            "--finish",
            help="End a stopped search after its last complete generation, and write its results.",
        ),
    ] = False,
) -> None:
    """Search for architectures. After a stop, the same command resumes.

    Reads user_module.py and writes results/, checkpoint/ and a log in the current directory. Until
    the search ends, nasea show prints the front so far, and checkpoint/report.html draws it.
    """
    from nasea.backends.distributed.launch import launched_rank
    from nasea.cli.terminal.console import results_console
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.planning.time_plan import parse_time
    from nasea.pipeline.search.run import search as run
    from nasea.results.recommend import amount
    from nasea.results.table import front_table

    with RichListener() as listener:
        budget = None if time is None else parse_time(time, "--time")
        front = run(config, restart=restart, listener=listener, time_budget=budget, finish=finish)
    if launched_rank() > 0:  # of all that a launcher started, the first tells
        return
    results_console().print(front_table(front))
    model, _ = front.files_of(front.best)
    say("report: results/report.html")
    say("again:  nasea show")
    # Rounded up, it must not exceed what the scenario allows.
    cost = min(float(f"{front.cost_of(front.best):.3g}"), front.info.constraint_value)
    say(f"train:  nasea retrain --budget {amount(cost)}")
    say(f"export: python3 results/{model}")
