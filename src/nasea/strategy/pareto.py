"""Dominance, crowding and hypervolume: pymoo's, on arrays of cost and quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from nasea.strategy.problem import FloatArray, IntArray


class Ranking(NamedTuple):
    """The points that survive, with their rank and crowding.

    Attributes:
        survivors: indices of the m points kept, shape (m,).
        rank: the front each of them is on, from 0 for the best, shape (m,).
        crowding: distance to its neighbours on the front, shape (m,); higher is better.
    """

    survivors: IntArray
    rank: IntArray
    crowding: FloatArray


def rank_and_crowding(
    costs: FloatArray, qualities: FloatArray, *, survive: int, rng: np.random.Generator
) -> Ranking:
    """Sort by non-domination (less cost, more quality) and by crowding within a front.

    Args:
        costs: shape (n,).
        qualities: shape (n,).
        survive: how many points are kept, at most; at least 1.
        rng: breaks ties of crowding.
    """
    # pymoo takes most of a second to import, which `nasea --help` should not pay.
    from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

    points = np.column_stack([costs, -qualities])
    survivors, individuals = survivors_of(RankAndCrowding(), points, survive, rng)
    return Ranking(
        survivors=survivors,
        rank=np.array(individuals.get("rank"), dtype=np.int64),
        crowding=np.array(individuals.get("crowding"), dtype=np.float64),
    )


def survivors_of(
    survival: Any, points: FloatArray, survive: int, rng: np.random.Generator
) -> tuple[IntArray, Any]:
    """Apply a survival of pymoo.

    Args:
        survival: of pymoo.
        points: every objective to be made small, shape (n, objectives).
        survive: how many are kept, at most; at least 1.
        rng: breaks ties.

    Returns:
        Indices of the m points kept, shape (m,), and pymoo's individuals of them.
    """
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem

    population = Population.new(F=points)
    survivors = survival.do(
        Problem(n_obj=points.shape[1]),
        population,
        n_survive=survive,
        random_state=rng,
        return_indices=True,
    )
    return np.array(survivors, dtype=np.int64), population[survivors]


@dataclass(frozen=True)
class HypervolumeReference:
    """The fixed corner that hypervolume is measured from; one for a whole run.

    Cost is normalised to [0, 1] between the cheapest architecture and the budget; quality counts
    from ``quality``, in its own unit. So the hypervolume of a run is the area gained over an
    architecture of reference quality at the full budget. Every further objective adds a dimension
    of its own, normalised alike.

    Attributes:
        quality: the quality of the reference point.
        cost_low: cost of the cheapest architecture.
        cost_high: the budget.
        further: least cost, and cost of the reference point, of each further objective.
    """

    quality: float
    cost_low: float
    cost_high: float
    further: tuple[tuple[float, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HypervolumeReference:
        """Return the reference that ``to_dict`` wrote."""
        further = tuple((float(low), float(high)) for low, high in data.get("further", ()))
        return cls(**{**data, "further": further})


def hypervolume(costs: FloatArray, qualities: FloatArray, reference: HypervolumeReference) -> float:
    """Return the volume that points dominate above the reference; 0 where there is none.

    Args:
        costs: shape (n,), or (n, 1 + further objectives), the constraint's own first.
        qualities: shape (n,).
        reference: where the volume ends.
    """
    from pymoo.indicators.hv import HV

    ranges = np.array([(reference.cost_low, reference.cost_high), *reference.further])
    low, high = ranges.T
    # A budget that only the cheapest architecture meets leaves no range of cost: quality is all.
    span = np.where(high > low, high - low, 1.0)
    shares = (costs.reshape(len(qualities), len(low)) - low) / span
    points = np.column_stack([shares, reference.quality - qualities])
    corner = np.append(np.ones(len(span)), 0.0)
    better = points[(points < corner).all(axis=1)]
    return float(HV(ref_point=corner)(better)) if len(better) else 0.0
