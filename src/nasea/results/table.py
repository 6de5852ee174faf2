"""The front in a terminal: what ``nasea show`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nasea.results.breakdown import Cost, columns_of, costs_of, ends_of, exact
from nasea.results.front import Front, FrontMember
from nasea.results.report_data import measured_column, summary_of, widths_of
from nasea.results.units import Unit, four_digits

if TYPE_CHECKING:
    from rich.table import Table


def front_table(front: Front) -> Table:
    """Return the front as a table, a row an architecture, the costs that were traded in bold."""
    from rich.text import Text

    info = front.info
    limit = front.unit.phrase(info.constraint_value)
    table = _table(f"{info.task_name}, {info.framework_name}, at most {limit}")
    table.add_column("N", justify="right", style="cyan", no_wrap=True)
    table.add_column("accuracy", justify="right", no_wrap=True)
    units = columns_of(front)
    for unit in units:
        style = "bold" if unit.quantity in (info.constraint_type, *info.objectives) else ""
        table.add_column(unit.title, justify="right", style=style, no_wrap=True)
    clock = measured_column(front)
    if clock is not None:
        table.add_column("measured (ms)", justify="right", no_wrap=True)
    wide = any(member.widths for member in front)
    if wide:
        table.add_column("widths", no_wrap=True)
    table.add_column("blocks", overflow="fold")
    for member in front:
        costs = costs_of(member, units)
        shown = [
            "" if cost is None else unit.number(cost)
            for unit, cost in zip(units, costs, strict=True)
        ]
        if clock is not None:
            ms = member.measured_ms
            shown.append("" if ms is None else clock.number(ms))
        if wide:
            shown.append(widths_of(member))
        # Text, not str: a block's name may hold what rich would take for markup.
        blocks = Text(summary_of(member.blocks))
        table.add_row(str(member.number), four_digits(member.accuracy), *shown, blocks)
    return table


def member_table(member: FrontMember, name: str) -> Table:
    """Return a network layer by layer: exact costs, their shares of the whole, and totals.

    Args:
        member: the network.
        name: what the title calls it.
    """
    from rich.text import Text

    columns = columns_of([member])
    totals = costs_of(member, columns)
    table = _table(f"{name}, accuracy {four_digits(member.accuracy)}")
    table.show_footer = True
    table.add_column("layer", justify="right", style="cyan", no_wrap=True)
    table.add_column("block", footer="whole network", overflow="fold")
    table.add_column("channels", justify="right", no_wrap=True)
    table.add_column("stride", justify="right", no_wrap=True)
    table.add_column("output", justify="right", no_wrap=True)
    for unit, total in zip(columns, totals, strict=True):
        title = unit.title if unit.quantity == "latency" else unit.noun
        table.add_column(title, exact(total, unit), justify="right", no_wrap=True)
        table.add_column("%", justify="right", style="dim", no_wrap=True)
    for layer in member.layers:
        shape = (
            f"{layer.c_in} → {layer.c_out}",
            str(layer.stride),
            f"{layer.out_height} × {layer.out_width}",
        )
        cells = _shares(costs_of(layer, columns), totals, columns)
        table.add_row(str(layer.index), Text(layer.block), *shape, *cells)
    ends = _shares(ends_of(member, columns), totals, columns)
    table.add_row("", "PreNet and PostNet", "", "", "", *ends)
    return table


def _shares(costs: list[Cost], totals: list[Cost], columns: tuple[Unit, ...]) -> Iterator[str]:
    """Of each cost its text and its share of the total."""
    for cost, total, unit in zip(costs, totals, columns, strict=True):
        yield exact(cost, unit)
        yield f"{100 * cost / total:.1f}" if total and cost is not None else ""


def front_json(front: Front) -> str:
    """Return the front as indented JSON, in the format of ``front.json``."""
    return json.dumps(front.to_dict(), indent=2)


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    return Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD)
