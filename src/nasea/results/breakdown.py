"""What the parts of a network cost: its layers, its ends, the whole, a column for each cost.

The report and ``nasea show`` both read it, so a cost that gets a column here has one in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nasea.results.front import FrontMember, LayerRow
from nasea.results.units import Quantity, Unit, unit_for

Cost = float | None
"""``None`` where it is not known."""

_VALUES: dict[Quantity, Callable[[FrontMember | LayerRow], Cost]] = {
    "size": lambda item: item.parameters,
    "flops": lambda item: item.flops,
    "latency": lambda item: item.latency_ms,
}
"""Every cost, in the order of the columns."""


def columns_of(members: Iterable[FrontMember]) -> tuple[Unit, ...]:
    """The unit of each cost that any member has: parameters, FLOPs, and latency where known."""
    found = list(members)
    columns = []
    for quantity, value in _VALUES.items():
        known = [cost for cost in map(value, found) if cost is not None]
        if known or quantity != "latency":
            columns.append(unit_for(quantity, known))
    return tuple(columns)


def costs_of(item: FrontMember | LayerRow, columns: tuple[Unit, ...]) -> list[Cost]:
    """The costs of a network, ends included, or of one layer, one a column."""
    return [_VALUES[unit.quantity](item) for unit in columns]


def ends_of(member: FrontMember, columns: tuple[Unit, ...]) -> list[Cost]:
    """What PreNet and PostNet cost together: the whole network less its searched layers."""
    layers = [costs_of(layer, columns) for layer in member.layers]
    rest: list[Cost] = []
    for column, total in enumerate(costs_of(member, columns)):
        parts = [costs[column] for costs in layers]
        known = [part for part in parts if part is not None]
        whole = total is not None and len(known) == len(parts)
        rest.append(max(total - sum(known), 0) if whole and total is not None else None)
    return rest


def exact(cost: Cost, unit: Unit) -> str:
    """Counts to the last digit, for layers differ by orders of magnitude; time in its unit."""
    if cost is None:
        return ""
    return unit.number(cost) if unit.quantity == "latency" else f"{cost:,.0f}"
