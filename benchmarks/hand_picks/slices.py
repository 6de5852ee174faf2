"""Random networks of a slice of equal cost, ranked by the supernet."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.pipeline.diagnosis.slices import of_equal_cost
from nasea.pipeline.hand_picks.contenders import ContenderSpec, from_space
from nasea.pipeline.probe import Built, Prepared
from nasea.pipeline.search.direction import Direction
from nasea.space import Genome
from projects import open_trained

DRAWN = 20


@dataclass(frozen=True)
class Drawn:
    """The best and the median of a slice's random networks, by the supernet.

    Attributes:
        best: genome and cost.
        median: likewise.
        count: how many were drawn.
    """

    best: tuple[Genome, float]
    median: tuple[Genome, float]
    count: int


def drawn_of(project: Path, budgets: Sequence[float], quick: bool) -> dict[float, Drawn]:
    """By budget, what was drawn from its slice and scored; kept in the project.

    Args:
        project: with a finished search.
        budgets: in the constraint's unit.
        quick: draw and score few.
    """
    path = project / "slices.json"
    known: dict[str, list[list[object]]] = json.loads(path.read_text()) if path.is_file() else {}
    missing = [budget for budget in budgets if f"{budget:g}" not in known]
    if missing:
        prepared = open_trained(project)
        direction = Direction.of_search(project / "results")
        try:
            for budget in missing:
                known[f"{budget:g}"] = _scored(prepared, direction, budget, 4 if quick else DRAWN)
                path.write_text(json.dumps(known) + "\n")
        finally:
            prepared.backend.close()
    return {budget: _chosen(known[f"{budget:g}"]) for budget in budgets if known[f"{budget:g}"]}


def _scored(
    prepared: Prepared, direction: Direction, budget: float, count: int
) -> list[list[object]]:
    """[genome, cost, accuracy on the supernet] of random networks of a slice."""
    chosen = of_equal_cost(prepared, budget, count)
    costs = [float(cost) for cost in prepared.costs(np.array(chosen))] if chosen else []
    found: list[Measurement] = []
    data = EvaluationSubset(prepared.eval_images)
    prepared.backend.measure_each([(genome, data) for genome in chosen], found.append)
    return [
        [list(genome), cost, direction.accuracy(measured.metric)]
        for genome, cost, measured in zip(chosen, costs, found, strict=True)
        if measured.metric is not None
    ]


def _chosen(rows: Sequence[Sequence[object]]) -> Drawn:
    ranked = sorted(rows, key=lambda row: -float(str(row[2])))

    def at(place: int) -> tuple[Genome, float]:
        genome, cost, _ = ranked[place]
        assert isinstance(genome, list)
        return tuple(map(int, genome)), float(str(cost))

    return Drawn(at(0), at(len(ranked) // 2), len(ranked))


def entries_of(drawn: Drawn) -> Callable[[Built], list[ContenderSpec]]:
    """What adds the two to a comparison."""

    def specs(opened: Built) -> list[ContenderSpec]:
        words = f"of {drawn.count} random networks of this cost, by the supernet's score"
        pairs = (("random, best", drawn.best[0]), ("random, median", drawn.median[0]))
        return [from_space(opened, g, n, "random", f"{n}, {words}") for n, g in pairs]

    return specs
