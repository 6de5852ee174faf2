"""Latency profiles as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from nasea.cost.profiles.measured import MeasuredProfile
    from nasea.pipeline.latency.measure import MeasuredFile


def subgraphs_table(profile: MeasuredProfile) -> Table:
    """Return every subgraph with its times."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    table.add_column("subgraph")
    for title in ("isolated (ms)", "spread", "in a network (ms)"):
        table.add_column(title, justify="right")
    for row in profile.rows:
        cells = (f"{row.alone_ms:.4f}", f"{row.spread:.1%}", f"{row.ms:.4f}")
        table.add_row(Text(row.label), *cells)
    return table


def measured_table(files: Sequence[MeasuredFile]) -> Table:
    """Return predicted and measured latencies of whole networks, and their difference."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD)
    table.add_column("file")
    for title in ("predicted (ms)", "measured (ms)", "error", "spread"):
        table.add_column(title, justify="right")
    for item in files:
        ms, predicted = item.timing.ms, item.predicted_ms
        table.add_row(
            Text(item.path.name),
            "" if predicted is None else f"{predicted:.4f}",
            f"{ms:.4f}",
            "" if predicted is None else f"{predicted / ms - 1:+.1%}",
            f"{item.timing.spread:.1%}",
        )
    return table
