"""Selects the epoch whose weights a retraining keeps: the last one that is as good as the best.

The highest of many noisy measurements is high partly by luck, and an epoch in the middle of a
schedule, at a high learning rate, is measured with more noise than the last ones. So an epoch
replaces the kept one if it falls short of the best by no more than luck explains: the highest of
some tens of measurements is about two standard deviations above what it would be again. (Like the
one-standard-error rule; Breiman et al. 1984, Classification and Regression Trees, §3.4.3.)
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from nasea.results.retrained import EpochRow

_WINDOW = 10
"""The noise is that of this many epochs; the learning rate differs in others."""

_LUCK = 2.0
"""Expected maximum of 30 normal values, in standard deviations; of 15 it is 1.7, of 60 2.3."""

_SIGMA_OF_MAD = 1.4826
"""Standard deviation of a normal distribution, in median absolute deviations."""


def comparable(rows: Sequence[EpochRow], epoch: int, float_epochs: int) -> list[EpochRow]:
    """Return the epochs that an epoch competes with for the weights that are kept.

    The first epoch that is trained with rounded values begins anew: an epoch before it, at a higher
    learning rate, may be measured as high by luck.

    Args:
        rows: measurements, in order: while training those so far, without that of ``epoch``.
        epoch: the epoch.
        float_epochs: number of epochs trained in float before the rounded ones.
    """
    before = float_epochs if epoch > float_epochs else 0
    return [row for row in rows if row.epoch > before]


def is_kept(before: float | None, epochs: Sequence[float]) -> bool:
    """Return whether the weights of the last epoch replace those that are kept.

    Args:
        before: accuracy before training, which the kept epoch must reach; ``None`` if unknown.
        epochs: accuracies after the epochs so far, in order; higher is better.
    """
    last = epochs[-1]
    if before is not None and last < before:
        return False
    best = max(range(len(epochs)), key=lambda index: (epochs[index], index))
    around_best = epochs[: best + 1 + _WINDOW // 2]
    return last >= epochs[best] - _LUCK * max(noise(around_best), noise(epochs))


def noise(epochs: Sequence[float]) -> float:
    """Return the standard deviation of an epoch's accuracy around its trend, in the last epochs.

    Estimated from second differences, which a steady rise that levels off hardly changes; each has
    six times the variance of one epoch.

    Args:
        epochs: accuracies after consecutive epochs; 0 is returned for fewer than five.
    """
    recent = epochs[-_WINDOW:]
    bends = [a - 2 * b + c for a, b, c in zip(recent, recent[1:], recent[2:], strict=False)]
    if len(bends) < 3:
        return 0.0
    trend = statistics.median(bends)
    spread = statistics.median(abs(bend - trend) for bend in bends)
    return float(_SIGMA_OF_MAD * spread / 6**0.5)
