"""NSGA-III's survival: points spread along reference directions; pymoo's, on arrays.

With three objectives and more, crowding no longer tells how well a front is spread (Deb & Jain
2014, *An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based
Nondominated Sorting Approach*, part I, section IV).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from nasea.strategy.pareto import Ranking, survivors_of
from nasea.strategy.problem import FloatArray


@cache
def directions(objectives: int, most: int) -> FloatArray:
    """Return evenly spread directions (Das & Dennis 1998), shape (n, objectives).

    Args:
        objectives: at least 2.
        most: how many at most; there is always one for each corner.
    """
    from pymoo.util.ref_dirs import get_reference_directions

    partitions = 1
    while math.comb(partitions + objectives, objectives - 1) <= most:
        partitions += 1
    spread: FloatArray = get_reference_directions("das-dennis", objectives, n_partitions=partitions)
    return spread


def rank_by_direction(
    points: FloatArray, front: FloatArray, *, survive: int, most: int, rng: np.random.Generator
) -> Ranking:
    """Sort by non-domination, then keep the directions that have fewest points first.

    Args:
        points: every objective to be made small, shape (n, objectives).
        front: the best points known so far, shape (m, objectives); they fix the scale of each
            objective, so that it depends on nothing but what was scored.
        survive: how many are kept, at most; at least 1.
        most: of directions.
        rng: breaks ties of niches.

    Returns:
        Survivors of equal crowding: parents are drawn from a front by chance.
    """
    from pymoo.algorithms.moo.nsga3 import ReferenceDirectionSurvival

    survival = ReferenceDirectionSurvival(directions(points.shape[1], most))
    if len(front):
        survival.norm.update(front)
    survivors, individuals = survivors_of(survival, points, survive, rng)
    return Ranking(
        survivors=survivors,
        rank=np.array(individuals.get("rank"), dtype=np.int64),
        crowding=np.zeros(len(survivors)),
    )
