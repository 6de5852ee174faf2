"""The fidelity of a supernet as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from nasea.results.fidelity import Fidelity

_TOP = (1, 3, 5)
"""Sizes of a selection whose regret is shown."""


def architectures_table(found: Fidelity) -> Table:
    """Return every architecture with both accuracies, by rising cost."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    unit = found.unit
    table = Table(box=SIMPLE_HEAD)
    for title in (unit.title, "on the supernet", "stand-alone"):
        table.add_column(title, justify="right")
    table.add_column("genome")
    for row in found.rows:
        alone = " ".join(f"{value:.4f}" for value in row.alone)
        genome = "-".join(map(str, row.genome))
        table.add_row(unit.number(row.cost), f"{row.supernet:.4f}", alone, Text(genome))
    return table


def summary_table(found: Fidelity) -> Table:
    """Return the measures, each with its meaning."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    table.add_column("measure")
    table.add_column("value", justify="right")
    low, high = found.tau_interval
    mean = f" (mean of {found.seeds} seeds)" if found.seeds > 1 else ""
    table.add_row(f"Kendall tau, supernet and stand-alone training{mean}", f"{found.tau:.2f}")
    interval = f"{low:.2f} to {high:.2f}"
    table.add_row("  its 95 % interval over the choice of architectures", interval)
    table.add_row("Spearman rho of the same", f"{found.rho:.2f}")
    table.add_row("Kendall tau of cost alone", f"{found.tau_of_cost:.2f}")
    ceiling = found.tau_of_seeds
    if ceiling is not None:
        one_seed = f"{found.tau_of_one_seed:.2f}"
        table.add_row("Kendall tau, supernet and one stand-alone training", one_seed)
        table.add_row("  between two stand-alone trainings", f"{ceiling:.2f}")
    within = found.tau_at_equal_cost
    if within is not None:
        tau, pairs = within
        table.add_row(f"Kendall tau of the {pairs} pairs of equal cost (±5 %)", f"{tau:.2f}")
    for k in _TOP:
        if k < len(found.rows):
            table.add_row(
                f"accuracy lost by training only the supernet's {k} best", f"{found.regret(k):.4f}"
            )
    return table


def slices_table(found: Fidelity) -> Table:
    """Return how well the supernet chooses within slices of equal cost."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    unit = found.unit
    table = Table(box=SIMPLE_HEAD, title="at equal cost (±5 %), the supernet's choice")
    for title in (unit.title, "architectures", "Kendall tau", "below the best", "above the median"):
        table.add_column(title, justify="right")
    for one in found.slices:
        table.add_row(
            f"{unit.number(one.low)} to {unit.number(one.high)}",
            str(one.count),
            f"{one.tau:.2f}",
            f"{one.below_best:.4f}",
            f"{one.above_median:+.4f}",
        )
    return table


def bias_table(found: Fidelity) -> Table:
    """Return, per block family, whether the supernet overrates it."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title="supernet rank less stand-alone rank, share of all ranks")
    table.add_column("block family")
    table.add_column("layers", justify="right")
    table.add_column("overrated by", justify="right")
    for family, (bias, layers) in found.family_bias.items():
        table.add_row(Text(family), str(layers), f"{bias:+.2f}")
    return table
