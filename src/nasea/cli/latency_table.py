"""Latency profiles as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from nasea.cost.profiles.measured import MeasuredProfile


def pieces_table(profile: MeasuredProfile) -> Table:
    """Every piece with its times."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    table.add_column("piece")
    for title in ("alone (ms)", "spread", "in a network (ms)"):
        table.add_column(title, justify="right")
    for row in profile.rows:
        cells = (f"{row.alone_ms:.4f}", f"{row.spread:.1%}", f"{row.ms:.4f}")
        table.add_row(Text(row.label), *cells)
    return table
