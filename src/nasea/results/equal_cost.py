"""Evaluates a ranking independently of cost: within slices of equal cost, and by family."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from nasea.strategy.ranking import kendall_tau

WIDTH = 0.05
"""Costs in a slice lie within this of its middle, relative to it."""

LEAST = 4
"""Fewer architectures make no order worth telling."""


@dataclass(frozen=True)
class EqualCost:
    """Architectures of one cost, ranked by the supernet and by stand-alone training.

    Attributes:
        low: cost of the cheapest one.
        high: cost of the most expensive one.
        count: number of architectures.
        tau: Kendall's tau of both orders.
        below_best: stand-alone accuracy of the best minus that of the supernet's choice.
        above_median: stand-alone accuracy of the supernet's choice minus the median, which a random
            choice would reach.
    """

    low: float
    high: float
    count: int
    tau: float
    below_best: float
    above_median: float


def slices_of(
    costs: Sequence[float], predicted: Sequence[float], true: Sequence[float]
) -> tuple[EqualCost, ...]:
    """Return disjoint slices, by rising cost, that contain enough architectures.

    Args:
        costs: costs of the architectures.
        predicted: their accuracies on the supernet.
        true: their accuracies after stand-alone training.
    """
    order = sorted(range(len(costs)), key=lambda i: costs[i])
    groups: list[list[int]] = []
    for i in order:
        if groups and costs[i] * (1 - WIDTH) <= costs[groups[-1][0]] * (1 + WIDTH):
            groups[-1].append(i)
        else:
            groups.append([i])
    return tuple(_slice(group, costs, predicted, true) for group in groups if len(group) >= LEAST)


def _slice(
    group: Sequence[int], costs: Sequence[float], predicted: Sequence[float], true: Sequence[float]
) -> EqualCost:
    supernet = [predicted[i] for i in group]
    alone = [true[i] for i in group]
    chosen = alone[max(range(len(group)), key=lambda i: supernet[i])]
    return EqualCost(
        costs[group[0]],
        costs[group[-1]],
        len(group),
        kendall_tau(supernet, alone),
        max(alone) - chosen,
        chosen - statistics.median(alone),
    )


def tau_at_equal_cost(
    costs: Sequence[float], predicted: Sequence[float], true: Sequence[float]
) -> tuple[float, int] | None:
    """Return Kendall's tau over the pairs whose costs differ by at most the width of a slice.

    Returns:
        (concordant - discordant pairs) / pairs, and the number of pairs; ``None`` without pairs. A
        tie counts as half of each.
    """
    total = count = 0
    for i in range(len(costs)):
        for j in range(i):
            if abs(costs[i] - costs[j]) > WIDTH * (costs[i] + costs[j]):
                continue
            product = (predicted[i] - predicted[j]) * (true[i] - true[j])
            total += (product > 0) - (product < 0)
            count += 1
    return (total / count, count) if count else None


def family_bias(
    families: Sequence[Sequence[str]], predicted: Sequence[float], true: Sequence[float]
) -> dict[str, tuple[float, int]]:
    """Return how much the supernet overrates architectures with layers of a family.

    Args:
        families: families of the layers of each architecture.
        predicted: accuracies on the supernet.
        true: accuracies after stand-alone training.

    Returns:
        Per family, the mean over its layers of the architecture's rank on the supernet minus its
        stand-alone rank, as a fraction of all ranks (0.1: it wrongly overtakes a tenth of the
        others), and the number of these layers; the most overrated family first.
    """
    from scipy.stats import rankdata

    share = max(len(predicted) - 1, 1)
    gained = (rankdata(predicted) - rankdata(true)) / share
    seen: dict[str, list[float]] = {}
    for layers, gain in zip(families, gained, strict=True):
        for family in layers:
            seen.setdefault(family, []).append(float(gain))
    means = {family: (statistics.fmean(gains), len(gains)) for family, gains in seen.items()}
    return dict(sorted(means.items(), key=lambda item: -item[1][0]))
