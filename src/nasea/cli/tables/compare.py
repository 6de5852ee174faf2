"""Comparisons of search results with hand picks, as tables for a terminal."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from nasea.pipeline.hand_picks.contenders import PlannedComparison
    from nasea.results.standings import Standings


def standings_table(found: Standings) -> Table:
    """Return every network, the most accurate first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from nasea.results.standings import mean_in_words

    unit = found.unit
    half = " ± 95 % interval" if found.seeds > 1 else ""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("network")
    for title in (unit.title, "epochs", f"{found.accuracy_title}{half}", "seconds"):
        table.add_column(title, justify="right")
    for row in found.rows:
        name = row.name
        if len(row.accuracies) < found.seeds:
            name += f" ({len(row.accuracies)} of {found.seeds} seeds)"
        ours = row.kind.startswith("searched")
        table.add_row(
            Text(name, "bold" if ours else ""),
            unit.number(row.cost(found.quantity)),
            str(found.epochs),
            mean_in_words(row),
            f"{statistics.fmean(row.seconds):.0f}",
        )
    return table


def plan_table(found: PlannedComparison) -> Table:
    """Return the networks to train, with costs and widths, and the excluded ones."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    unit = found.unit
    table = Table(box=SIMPLE_HEAD)
    table.add_column("network", no_wrap=True)
    table.add_column(unit.title, justify="right")
    table.add_column("filters")
    table.add_column("what it is")
    for spec in found.specs:
        cost = unit.number(spec.cost(unit.quantity))
        table.add_row(spec.name, cost, "-".join(map(str, spec.filters)), Text(spec.title))
    for one in found.excluded:
        table.add_row(one.name, "", "", Text(one.reason, "yellow"))
    return table
