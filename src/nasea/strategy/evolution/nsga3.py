"""NSGA-III: several costs traded against quality at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasea.strategy.archive import Record
from nasea.strategy.evolution.nsga2 import Nsga2, qualities
from nasea.strategy.evolution.reference_directions import rank_by_direction
from nasea.strategy.pareto import Ranking
from nasea.strategy.problem import FloatArray, Genome
from nasea.strategy.protocol import Study

_REPRESENTATIVES_STREAM = 0x3B


class Nsga3(Nsga2):
    """NSGA-III: breeds like :class:`Nsga2`, with survival by reference directions.

    The directions are evenly spread, as many as fit into the population (Deb & Jain 2014, part I).
    """

    def _rank(
        self, study: Study, population: Sequence[Genome], survive: int, rng: np.random.Generator
    ) -> Ranking:
        problem = study.problem
        points = np.column_stack(
            [
                problem.costs(population),
                problem.further_costs(population),
                -qualities(study, population),
            ]
        )
        front = _points_of(study.archive.front(problem.budget))
        return rank_by_direction(points, front, survive=survive, most=study.pop_size, rng=rng)


def representatives(front: Sequence[Record], count: int) -> list[Record]:
    """Choose evenly spread records of a front of three objectives and more, by rising cost.

    Such a front holds a large share of all that was scored, too many to look through. The best of
    each objective are always among those chosen.

    Args:
        front: by rising cost.
        count: how many, at least 1; all where there are fewer.
    """
    if len(front) <= count or not front[0].further_costs:
        return list(front)
    points = _points_of(front)
    best = list(dict.fromkeys(int(row) for row in np.argmin(points, axis=0)[::-1]))[:count]
    rest = np.setdiff1d(np.arange(len(front)), best)
    chosen = set(best)
    if count > len(best):
        ranking = rank_by_direction(
            points[rest],
            points,
            survive=count - len(best),
            most=count,
            rng=np.random.default_rng(_REPRESENTATIVES_STREAM),
        )
        chosen |= set(rest[ranking.survivors].tolist())
    return [front[row] for row in sorted(chosen)]


def _points_of(front: Sequence[Record]) -> FloatArray:
    """Return every objective, as a minimum, shape (n, objectives)."""
    return np.array([(r.cost, *r.further_costs, -(r.score.quality or 0.0)) for r in front])
