"""Costs of a network: of its layers, of PreNet and PostNet, and of the whole, in columns.

The report and ``nasea show`` both read it, so a cost that gets a column here has one in both.
"""

from __future__ import annotations

from collections.abc import Iterable

from nasea.results.front.data import FrontMember, LayerRow
from nasea.results.units import Unit, unit_for
from nasea.terms import COSTS, cost_of

Cost = float | None
"""``None`` where it is not known."""


def columns_of(members: Iterable[FrontMember]) -> tuple[Unit, ...]:
    """Return the unit of each cost that any member has: parameters, FLOPs, possibly latency."""
    found = list(members)
    columns = []
    for kind, terms in COSTS.items():
        costs = [cost_of(member, kind) for member in found]
        known = [cost for cost in costs if cost is not None]
        if known or terms.always_known:
            columns.append(unit_for(kind, known))
    return tuple(columns)


def costs_of(item: FrontMember | LayerRow, columns: tuple[Unit, ...]) -> list[Cost]:
    """Return the costs of a whole network or of one layer, one per column."""
    return [cost_of(item, unit.quantity) for unit in columns]


def user_networks_of(member: FrontMember, columns: tuple[Unit, ...]) -> list[Cost]:
    """Return the costs of PreNet and PostNet together: the network minus its searched layers."""
    layers = [costs_of(layer, columns) for layer in member.layers]
    rest: list[Cost] = []
    for column, total in enumerate(costs_of(member, columns)):
        parts = [costs[column] for costs in layers]
        known = [part for part in parts if part is not None]
        whole = total is not None and len(known) == len(parts)
        rest.append(max(total - sum(known), 0) if whole and total is not None else None)
    return rest


def exact(cost: Cost, unit: Unit) -> str:
    """Format a count exactly, since layers differ by orders of magnitude; a time in its unit."""
    if cost is None:
        return ""
    return unit.number(cost) if unit.quantity == "latency" else f"{cost:,.0f}"
