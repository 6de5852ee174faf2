"""The front in a terminal: what ``nasea show`` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nasea.results.front import Front
from nasea.results.report_data import cost_columns, measured_column, summary_of
from nasea.results.units import four_digits, unit_for

if TYPE_CHECKING:
    from rich.table import Table


def front_table(front: Front) -> Table:
    """Return the front as a table, a row an architecture, the constrained cost in bold."""
    from rich.text import Text

    info = front.info
    limit = front.unit.phrase(info.constraint_value)
    table = _table(f"{info.task_name}, {info.framework_name}, at most {limit}")
    table.add_column("N", justify="right", style="cyan", no_wrap=True)
    table.add_column("accuracy", justify="right", no_wrap=True)
    units = cost_columns(front)
    for unit in units:
        style = "bold" if unit.quantity == info.constraint_type else ""
        table.add_column(unit.title, justify="right", style=style, no_wrap=True)
    clock = measured_column(front)
    if clock is not None:
        table.add_column("measured (ms)", justify="right", no_wrap=True)
    table.add_column("blocks", overflow="fold")
    for member in front:
        costs = (member.parameters, member.flops, member.latency_ms)[: len(units)]
        shown = [
            "" if cost is None else unit.number(cost)
            for unit, cost in zip(units, costs, strict=True)
        ]
        if clock is not None:
            ms = member.measured_ms
            shown.append("" if ms is None else clock.number(ms))
        # Text, not str: a block's name may hold what rich would take for markup.
        blocks = Text(summary_of(member.blocks))
        table.add_row(str(member.number), four_digits(member.accuracy), *shown, blocks)
    return table


def member_table(front: Front, number: int) -> Table:
    """Return architecture ``number`` layer by layer, with exact counts and totals.

    Raises:
        ResultsError: the front has no such architecture.
    """
    from rich.text import Text

    member = front[number]
    total = member.latency_ms
    clock = None if total is None else unit_for("latency", [total])
    table = _table(f"architecture {number}, accuracy {four_digits(member.accuracy)}")
    table.show_footer = True
    table.add_column("layer", justify="right", style="cyan", no_wrap=True)
    table.add_column("block", footer="whole network", overflow="fold")
    table.add_column("channels", justify="right", no_wrap=True)
    table.add_column("stride", justify="right", no_wrap=True)
    table.add_column("output", justify="right", no_wrap=True)
    table.add_column("parameters", f"{member.parameters:,}", justify="right", no_wrap=True)
    table.add_column("FLOPs", f"{member.flops:,}", justify="right", no_wrap=True)
    if clock is not None and total is not None:
        table.add_column(clock.title, clock.number(total), justify="right", no_wrap=True)
    for layer in member.layers:
        cells = [
            f"{layer.c_in} → {layer.c_out}",
            str(layer.stride),
            f"{layer.out_height} × {layer.out_width}",
            f"{layer.parameters:,}",
            f"{layer.flops:,}",
        ]
        if clock is not None:
            cells.append("" if layer.latency_ms is None else clock.number(layer.latency_ms))
        table.add_row(str(layer.index), Text(layer.block), *cells)
    return table


def front_json(front: Front) -> str:
    """Return the front as indented JSON, in the format of ``front.json``."""
    return json.dumps(front.to_dict(), indent=2)


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    return Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD)
