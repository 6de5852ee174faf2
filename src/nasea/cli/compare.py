"""``nasea compare``: results of a search beside networks picked by hand, or these alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.terminal.wording import say
from nasea.errors import NaseaError


def compare(
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="COST",
            help="In the unit of the constraint: 50k, 3.2M, or milliseconds. By default that of "
            "the scenario.",
        ),
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            metavar="N,M",
            help="Architectures of the front. By default the most accurate that costs no more "
            "than the budget.",
        ),
    ] = None,
    families: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Hand picks to train, by name or the beginning of it: resnet, efficientnet, "
            "uniform. By default all.",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="E", help="Of each training. By default those of the scenario."),
    ] = None,
    seeds: Annotated[int, typer.Option(metavar="K", help="How often to train each.")] = 3,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say what would be trained, and what it costs.")
    ] = False,
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario of the search.")
    ] = Path("scen.yaml"),
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget what earlier starts trained; start over.")
    ] = False,
) -> None:
    """Train results of a search beside networks picked by hand, of the same cost.

    Run it in the directory of a project: after a search it trains results and hand picks, before
    one the hand picks alone, as a baseline. It scales ResNet, MobileNetV1 to V4, EfficientNet and
    each block by itself to the budget within 3 % and trains all from initial values, and results
    from the search's weights as well; stopped, the same command goes on. Writes a folder
    compare_BUDGET in results/, and a section of results/report.html.
    """
    from nasea.backends.distributed.launch import launched_rank
    from nasea.cli.tables.compare import plan_table, standings_table
    from nasea.cli.terminal.console import results_console, tell
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.hand_picks.compare import CompareOptions, folder_of, planned_comparison
    from nasea.pipeline.hand_picks.compare import compare as run
    from nasea.pipeline.hand_picks.contenders import ContenderSelection, finished_search
    from nasea.pipeline.search.following import follow_run
    from nasea.results.recommend import parse_budget

    if launched_rank() > 0:  # of all that a launcher started, the first leads
        follow_run(config)
        return
    limit = None if budget is None else parse_budget(budget)
    selection = ContenderSelection(limit, _numbers(arch), _words(families))
    console = results_console()
    if plan:
        console.print(plan_table(planned_comparison(config, selection)))
        return
    with RichListener() as listener:
        found = run(
            config, CompareOptions(selection, epochs, seeds), restart=restart, listener=listener
        )
    console.print(standings_table(found))
    for one in found.excluded:
        tell(f"not there: {one.name}: {one.reason}")
    for line in found.verdict:
        tell(line)
    folder = folder_of(found.quantity, found.budget)
    if finished_search(Path("results")) is None:
        say(f"written: results/{folder}/")
    else:
        say(f"written: results/{folder}/, results/report.html")


def _words(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str | None) -> tuple[int, ...]:
    words = _words(text)
    if not all(word.isdecimal() for word in words):
        raise NaseaError(
            f"--arch must be numbers of architectures, found {text!r}",
            fix="write them with commas: --arch 2,5",
        )
    return tuple(dict.fromkeys(map(int, words)))
