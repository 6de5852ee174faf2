"""The tables of a report: the front, and every network layer by layer; readable without script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from nasea.results.breakdown import Cost, columns_of, costs_of, exact, user_networks_of
from nasea.results.front import Front, FrontMember
from nasea.results.report.words import Said, as_is, phrase, say, title
from nasea.results.report_data import measured_column
from nasea.results.units import Unit, four_digits


def front_section(front: Front) -> str:
    """Return the table of the front, and what its columns and marks mean."""
    marks = dominated(front)
    notes = [say("accuracy: {where}.", where=where_members(front))] if front.info.images else []
    if front.info.score_as == "float" and _searched(front):
        notes.append(
            say(
                "in the search: the score that found the member, {where}, with weights inherited "
                "from the supernet.",
                where=where_searched(front),
            )
        )
    if marks:
        notes.append(
            say(
                "† A cheaper member is at least as accurate; this one is on the front for another "
                "cost, or the final scores changed the order."
            )
            if front.info.objectives
            else say(
                "† A cheaper member is at least as accurate. The front was found with the scores "
                "of the search; measured {where}, the order can change.",
                where=where_members(front),
            )
        )
    hints = "".join(note.html("p", 'class="hint"') for note in notes)
    return f'<div class="scroll tall" tabindex="0">{_front_table(front, marks)}</div>{hints}'


def dominated(front: Front) -> frozenset[int]:
    """Return the numbers of members that a cheaper one equals or beats in accuracy."""
    return frozenset(range(len(front))) - {member.number for member in front.steps}


def where_members(front: Front) -> Said:
    """Return the images on which the members' accuracies were measured."""
    info = front.info
    if info.unfinished is not None:
        return where_searched(front)
    if info.images is None:
        return as_is("val_dir")
    return say("on all {all} validation images", all=f"{info.images[1]:,}")


def where_searched(front: Front) -> Said:
    """Return the images on which the search measured its scores."""
    images = front.info.images
    if images is None:
        return say("on the images of the search")
    scored, whole = (f"{count:,}" for count in images)
    if scored == whole:
        return say("on all {all} validation images", all=whole)
    return say("on {scored} of {all} validation images", scored=scored, all=whole)


def _searched(front: Front) -> dict[int, float]:
    """Return the scores of the members in the search; empty if they tell nothing more."""
    if front.info.unfinished is not None:
        return {}
    scored = {one.genome: one.accuracy for one in front.evaluated}
    found = {m.number: scored.get(m.genome) for m in front}
    known = {number: value for number, value in found.items() if value is not None}
    same = all(front[number].accuracy == value for number, value in known.items())
    return {} if same else known


def _front_table(front: Front, marks: frozenset[int]) -> str:
    units = columns_of(front)
    clock = measured_column(front)
    int8 = front.info.score_as == "int8"
    searched = _searched(front)
    titles = [as_is("N"), say(front.info.accuracy_title)]
    titles += [say("float accuracy")] if int8 else []
    titles += [say("in the search")] if searched else []
    titles += [title(unit) for unit in units]
    titles += [say("measured here (ms)")] if clock else []
    rows = []
    for member in front:
        cells = [four_digits(member.accuracy)]
        if int8:
            cells.append(_digits(member.float_accuracy))
        if searched:
            cells.append(_digits(searched.get(member.number)))
        for unit, cost in zip(units, costs_of(member, units), strict=True):
            cells.append("" if cost is None else unit.number(cost))
        if clock:
            cells.append("" if member.measured_ms is None else clock.number(member.measured_ms))
        mark = f'<abbr title="{say("dominated").english}">†</abbr>' * (member.number in marks)
        first = f'<a href="#{member.number}">{member.number}</a>{mark}'
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr data-number="{member.number}"><th scope="row">{first}</th>{row}</tr>')
    return (
        f'<table id="front-table">{_head(titles)}<tbody>\n' + "\n".join(rows) + "</tbody></table>"
    )


def layer_tables(front: Front) -> str:
    """Return all networks layer by layer, folded; the script draws the selected one instead."""
    parts = "\n".join(_layers(front, member) for member in front)
    heading = say("Architectures, layer by layer").html("h2", 'id="layers-title"')
    return (
        '<section class="card" id="all-layers" aria-labelledby="layers-title">'
        f"{heading}{parts}</section>"
    )


def _layers(front: Front, member: FrontMember) -> str:
    units = columns_of(front)
    summary = say(
        "Architecture {number}: {accuracy}, {cost}",
        number=member.number,
        accuracy=four_digits(member.accuracy),
        cost=phrase(front.unit, front.cost_of(member)),
    )
    titles = [say(name) for name in ("layer", "block", "channels", "stride", "output")]
    rows = [
        _row(
            str(layer.index),
            escape(layer.block),
            f"{layer.c_in} → {layer.c_out}",
            str(layer.stride),
            f"{layer.out_height} × {layer.out_width}",
            *_exact(costs_of(layer, units), units),
        )
        for layer in member.layers
    ]
    ends = say("PreNet and PostNet").html()
    rows.append(_row("", ends, "", "", "", *_exact(user_networks_of(member, units), units)))
    rows.append(
        _row("", say("whole network").html(), "", "", "", *_exact(costs_of(member, units), units))
    )
    head = _head([*titles, *(say(unit.noun) for unit in units)])
    return (
        f'<details id="{member.number}">{summary.html("summary")}'
        f'<div class="scroll"><table class="layers">{head}'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _exact(costs: Sequence[Cost], units: Sequence[Unit]) -> Iterable[str]:
    return (exact(cost, unit) for cost, unit in zip(costs, units, strict=True))


def series_table(name: Said, value: Said, rows: Iterable[tuple[int, float | None]]) -> str:
    """Return a curve as a folded table.

    Args:
        name: what is counted along the curve.
        value: its height.
        rows: the points.
    """
    body = "".join(_row(str(place), _digits(height)) for place, height in rows)
    return (
        f"<details>{say('As a table').html('summary')}"
        f'<div class="scroll tall" tabindex="0"><table>{_head([name, value])}'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _head(titles: Iterable[Said]) -> str:
    cells = "".join(one.html("th", 'scope="col"') for one in titles)
    return f"<thead><tr>{cells}</tr></thead>"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _digits(value: float | None) -> str:
    return "" if value is None else four_digits(value)
