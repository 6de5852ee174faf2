"""The user's own candidates: ``searcher.initial``, checked before anything is trained."""

from __future__ import annotations

import numpy as np

from nasea.config import Scenario
from nasea.cost import CostModel, format_cost
from nasea.errors import SpaceError
from nasea.space import Genome, Space
from nasea.space.written import genome_of
from nasea.terms import CostKind


def initial_of(scenario: Scenario, space: Space, costs: CostModel) -> tuple[Genome, ...]:
    """Return the networks of ``searcher.initial``, in canonical form, each once.

    Raises:
        SpaceError: a network is not in this space, or exceeds a budget; names all such networks.
    """
    found: dict[Genome, None] = {}
    faults: list[str] = []
    for place, text in enumerate(scenario.searcher.initial):
        try:
            genome = genome_of(space, text)
        except SpaceError as error:
            faults.append(f"  searcher.initial[{place}]: {error.message}")
            continue
        too_expensive = _too_expensive(scenario, costs, genome)
        faults += [f"  searcher.initial[{place}]: {text}: {fault}" for fault in too_expensive]
        found[genome] = None
    if faults:
        layers = len(space.layers)
        example = ", ".join(block.name for block in (la.candidates[0] for la in space.layers))
        widths = "; widths " + "-".join(map(str, space.trunks[0])) if space.trunks else ""
        raise SpaceError(
            "\n".join(["networks that cannot be searched:", *faults]),
            fix=f'write a list of networks, each with the blocks of {layers} layers: ["{example}'
            f'{widths}"]; nasea check lists the blocks of each layer and what networks cost',
        )
    return tuple(found)


def _too_expensive(scenario: Scenario, costs: CostModel, genome: Genome) -> list[str]:
    constraint = scenario.constraint
    budgets: dict[CostKind, float] = {constraint.type: constraint.value, **constraint.also}
    rows = np.array([genome], dtype=np.int64)
    each = [(kind, float(costs.many(kind, rows)[0]), most) for kind, most in budgets.items()]
    return [
        f"costs {format_cost(cost, kind)}, and the budget is {format_cost(most, kind)}"
        for kind, cost, most in each
        if cost > most
    ]
