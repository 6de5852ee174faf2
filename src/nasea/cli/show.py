"""``nasea show``: the results of a search, also of one that is not finished, or a retraining."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from nasea.cli.terminal.wording import say
from nasea.errors import ResultsError

if TYPE_CHECKING:
    from nasea.results.front import Front, RunInfo


def show(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS_DIR", help="Results of a search, or of a retraining.")
    ] = Path("results"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    arch: Annotated[
        int | None, typer.Option(metavar="N", help="Print architecture N, layer by layer.")
    ] = None,
    recommend: Annotated[
        bool,
        typer.Option(
            "--recommend",
            help="Recommend the best network under a budget, and the knee of the front.",
        ),
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="COST",
            help="For --recommend, in the unit of the constraint: 50k, 2.5M, or milliseconds. "
            "By default that of the search.",
        ),
    ] = None,
) -> None:
    """Print the Pareto front of a finished search, one of its networks, or a recommendation.

    Without results/, it is the front so far of the search that is running or was stopped here.
    """
    from nasea.cli.terminal.console import print_line, results_console
    from nasea.results.picked import is_retrained, pick_result
    from nasea.results.table import front_json, front_table, member_table

    if budget is not None and not recommend:
        raise ResultsError("--budget needs --recommend", fix="add --recommend")
    console = results_console()
    unwritten: list[str] = []
    if is_retrained(results):
        result = pick_result(results, arch)
        info, member, name, remark = result.info, result.member, result.title, result.remark
    else:
        front = _front_of(results)
        info, member, name, remark = front.info, None, f"architecture {arch}", ""
        if recommend:
            _recommend(front, budget, as_json)
            return
        if arch is not None:
            member = front.architecture(arch)
        unwritten = _unwritten_notes(results, front)
    if as_json:
        print(front_json(front) if member is None else json.dumps(asdict(member), indent=2))
        return
    console.print(
        front_table(front) if member is None else member_table(member, name, info.accuracy_title)
    )
    if remark:
        print_line(console, remark)
    for note in (*info.notes, *unwritten, *_state_notes(results, info)):
        print_line(console, f"note: {note}")


def _front_of(results: Path) -> Front:
    """Return the front; without one, say how far the search has come."""
    from nasea.pipeline.search.reached import reached
    from nasea.results.front import Front
    from nasea.results.front.places import front_file

    file = front_file(results)
    if not file.exists() and (stage := reached(results)) is not None:
        raise ResultsError(
            f"there is no front here: {stage}",
            fix="while nasea search is running, wait; otherwise run it again: it continues, and "
            "writes the front",
        )
    return Front.load(file)


def _state_notes(results: Path, info: RunInfo) -> list[str]:
    """Return notes on an unfinished search: of this front, or beside these results."""
    from nasea.results.front.places import REPORT_FILE, front_file, unfinished_beside

    if info.unfinished is not None:
        report = front_file(results).with_name(REPORT_FILE)
        return [info.unfinished_note, *([f"report so far: {report}"] if report.is_file() else [])]
    newer = unfinished_beside(results)
    if newer is None:
        return []
    place = quote(str(newer.parent))
    return [f"another search is not finished here; its front so far: nasea show {place}"]


def _unwritten_notes(results: Path, front: Front) -> list[str]:
    """Return a note on networks whose weights the search left out."""
    from nasea.results.front.places import RESULTS, front_file

    if front.info.unfinished is not None or not front.info.supernet:
        return []
    folder = front_file(results).parent
    count = sum(not (folder / front.files_of(member)[1]).is_file() for member in front)
    if not count:
        return []
    place = "" if folder == Path(RESULTS) else f" {quote(str(folder))}"
    return [
        f"{count} of {len(front)} networks have no weights file: nasea weights{place} writes them, "
        "with --arch N one of them; nasea export and nasea retrain write those that they need"
    ]


def _recommend(front: Front, budget: str | None, as_json: bool) -> None:
    from nasea.cli.terminal.console import tell
    from nasea.results.recommend import knee, parse_budget, recommend
    from nasea.results.units import four_digits

    named = recommend(front, None if budget is None else parse_budget(budget))
    if as_json:
        print(json.dumps([{"why": why, "number": member.number} for why, member in named]))
        return
    for note in filter(None, [front.info.unfinished_note]):
        typer.echo(f"note: {note}")
    for why, member in named:
        cost = front.unit.phrase(front.cost_of(member))
        accuracy = four_digits(member.accuracy)
        tell(f"architecture {member.number}: {cost}, {front.info.accuracy_title} {accuracy}; {why}")
    if knee(front) is None:
        tell("the front has no knee: accuracy rises evenly with cost, or in too few steps")
    say(f"next: nasea show --arch {named[0][1].number}")
