"""The front as a table: for a terminal (``nasea show``) and for a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import repeat
from typing import TYPE_CHECKING, Literal

from nasea.results.breakdown import Cost, columns_of, costs_of, exact, user_networks_of
from nasea.results.front.data import FrontData, FrontMember
from nasea.results.report_data import measured_column, summary_of, widths_of
from nasea.results.units import Unit, four_digits

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Column:
    """A column of the front's table.

    Attributes:
        title: with its unit.
        cells: one text per architecture.
        traded: whether it is an objective of the search.
        text: whether it contains words, not numbers.
    """

    title: str
    cells: tuple[str, ...]
    traded: bool = False
    text: bool = False


def front_title(front: FrontData) -> str:
    """Describe the search in one line."""
    info = front.info
    limit = front.unit.phrase(info.constraint_value)
    unfinished = "" if info.unfinished is None else ", unfinished"
    return f"{info.task_name}, {info.framework_name}, at most {limit}{unfinished}"


def front_columns(front: FrontData) -> list[Column]:
    """Return the front as columns, with one cell per architecture."""
    units = columns_of(front)
    costs = [costs_of(member, units) for member in front]
    traded = (front.info.constraint_type, *front.info.objectives)
    columns = [
        Column("N", tuple(str(member.number) for member in front)),
        Column(front.info.accuracy_title, tuple(four_digits(m.accuracy) for m in front)),
    ]
    if front.info.score_as == "int8":
        floats = (member.float_accuracy for member in front)
        cells = tuple("" if x is None else four_digits(x) for x in floats)
        columns.append(Column("float accuracy", cells))
    for place, unit in enumerate(units):
        known = (row[place] for row in costs)
        cells = tuple("" if cost is None else unit.number(cost) for cost in known)
        columns.append(Column(unit.title, cells, traded=unit.quantity in traded))
    clock = measured_column(front)
    if clock is not None:
        times = (member.measured_ms for member in front)
        measured = tuple("" if ms is None else clock.number(ms) for ms in times)
        columns.append(Column("measured (ms)", measured))
    if any(member.widths for member in front):
        columns.append(Column("widths", tuple(map(widths_of, front)), text=True))
    blocks = tuple(summary_of(member.blocks) for member in front)
    return [*columns, Column("blocks", blocks, text=True)]


def front_table(front: FrontData) -> Table:
    """Return the front as a table, one row per architecture, with objectives in bold."""
    from rich.text import Text

    table = _table(front_title(front))
    columns = front_columns(front)
    for column in columns:
        style = "bold" if column.traded else "cyan" if column.title == "N" else ""
        if column.title == "blocks":
            table.add_column(column.title, overflow="fold")
        else:
            justify: Literal["left", "right"] = "left" if column.text else "right"
            table.add_column(column.title, justify=justify, style=style, no_wrap=True)
    for row in zip(*(column.cells for column in columns), strict=True):
        # Text, not str: rich could interpret a block's name as markup.
        table.add_row(*map(Text, row))
    return table


def front_html(front: FrontData) -> str:
    """Return the front as an HTML table, for notebooks."""
    columns = front_columns(front)

    def cell(tag: str, column: Column, text: str) -> str:
        align = "left" if column.text else "right"
        weight = "bold" if column.traded else "normal"
        style = f"text-align: {align}; font-weight: {weight}"
        return f'<{tag} style="{style}">{escape(text)}</{tag}>'

    head = "".join(cell("th", column, column.title) for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    body = "".join(f"<tr>{''.join(map(cell, repeat('td'), columns, row))}</tr>" for row in rows)
    note = escape(front.info.unfinished_note)
    return (
        f"<table><caption>{escape(front_title(front))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + (f"<p>{note}</p>" if note else "")
    )


def member_table(member: FrontMember, name: str, title: str = "accuracy") -> Table:
    """Return a network layer by layer: exact costs, their shares of the whole, and totals.

    Args:
        member: the network.
        name: its name in the title.
        title: name of the accuracy.
    """
    from rich.text import Text

    columns = columns_of([member])
    totals = costs_of(member, columns)
    table = _table(f"{name}, {title} {four_digits(member.accuracy)}")
    table.show_footer = True
    table.add_column("layer", justify="right", style="cyan", no_wrap=True)
    table.add_column("block", footer="whole network", overflow="fold")
    table.add_column("channels", justify="right", no_wrap=True)
    table.add_column("stride", justify="right", no_wrap=True)
    table.add_column("output", justify="right", no_wrap=True)
    for unit, total in zip(columns, totals, strict=True):
        head = unit.title if unit.quantity == "latency" else unit.noun
        table.add_column(head, exact(total, unit), justify="right", no_wrap=True)
        table.add_column("%", justify="right", style="dim", no_wrap=True)
    for layer in member.layers:
        shape = (
            f"{layer.c_in} → {layer.c_out}",
            str(layer.stride),
            f"{layer.out_height} × {layer.out_width}",
        )
        cells = _shares(costs_of(layer, columns), totals, columns)
        table.add_row(str(layer.index), Text(layer.block), *shape, *cells)
    user_networks = _shares(user_networks_of(member, columns), totals, columns)
    table.add_row("", "PreNet and PostNet", "", "", "", *user_networks)
    return table


def _shares(costs: list[Cost], totals: list[Cost], columns: tuple[Unit, ...]) -> Iterator[str]:
    """Return for each cost its text and its share of the total."""
    for cost, total, unit in zip(costs, totals, columns, strict=True):
        yield exact(cost, unit)
        yield f"{100 * cost / total:.1f}" if total and cost is not None else ""


def front_json(front: FrontData) -> str:
    """Return the front as indented JSON, in the format of ``front.json``."""
    return json.dumps(front.to_dict(), indent=2)


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    return Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD)
