"""The costs on the axes of a front's figures: every objective except accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from nasea.results.front.data import FrontData
from nasea.results.units import Unit, unit_for
from nasea.terms import CostKind


@dataclass(frozen=True)
class CostAxis:
    """One cost of all scored architectures.

    Attributes:
        unit: the unit, at a scale that suits the members and the budget.
        budget: the budget; ``None`` if this cost was not limited.
        members: costs of the front's members, unscaled.
        scored: (cost, accuracy, generation, trunk) of every candidate with an accuracy, unscaled;
            the trunk is an index into ``RunInfo.trunks``, 0 without trunks.
        steps: numbers of the members that no member cheaper in this cost equals or beats, cheapest
            first.
    """

    unit: Unit
    budget: float | None
    members: tuple[float, ...]
    scored: tuple[tuple[float, float, int, int], ...]
    steps: tuple[int, ...]


def cost_axes(front: FrontData) -> tuple[CostAxis, ...]:
    """Return the constraint's cost, then the further objectives."""
    info = front.info
    budgets = {**dict(info.also), info.constraint_type: info.constraint_value}
    quantities = (info.constraint_type, *info.objectives)
    return tuple(
        _axis(front, place, quantity, budgets.get(quantity))
        for place, quantity in enumerate(quantities)
    )


def _axis(front: FrontData, place: int, quantity: CostKind, budget: float | None) -> CostAxis:
    members = tuple(front.cost_of(member, quantity) for member in front)
    return CostAxis(
        unit=unit_for(quantity, [*members, *([] if budget is None else [budget])]),
        budget=budget,
        members=members,
        scored=tuple(
            (
                (e.cost, *e.further_costs)[place],
                e.accuracy,
                e.generation,
                e.genome[-1] if front.info.trunks else 0,
            )
            for e in front.evaluated
            if e.accuracy is not None
        ),
        steps=tuple(member.number for member in front.steps_by(quantity)),
    )
