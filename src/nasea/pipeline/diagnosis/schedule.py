"""Checks the user's learning-rate schedule before anything is trained.

A schedule that is too short stops the training in its last epoch, and one meant in epochs but
stepped in updates ends after a few of them. Both show in the rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nasea.errors import TrainingError

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 40
_EARLY, _LATE = 0.5, 0.95
"""A rate that stays zero from before the first fraction of the training is an error, from before
the second a warning: published modules reach zero a few updates before the end."""
_SMALL, _SOON = 0.02, 0.1
"""A rate that falls to the first fraction of its peak within the second fraction of the training is
a warning."""


def require_rates(rates: Sequence[float], method: str, updates: int) -> None:
    """Raise TrainingError if a learning rate is invalid, or drops to zero early.

    Args:
        rates: rates of evenly spaced updates, including the first and the last.
        method: the user's method that returned them.
        updates: number of updates of the training.
    """
    place = _places(len(rates), updates)
    for position, rate in enumerate(rates):
        if not math.isfinite(rate) or rate < 0:
            raise TrainingError(
                f"the schedule of {method} gives a learning rate of {rate} at update "
                f"{place(position)} of {updates}",
                fix="look at what it divides by and at its last steps; a rate must be >= 0",
            )
    end = _end(rates)
    if len(rates) > 1 and end / len(rates) < _EARLY:
        raise TrainingError(
            f"the schedule of {method} gives a learning rate of 0 from update {place(end)} of "
            f"{updates} on: nothing is learned any more",
            fix=f"make it last the whole training, {updates} updates (epochs x steps_per_epoch)",
        )


def early_warning(rates: Sequence[float], updates: int) -> str | None:
    """Return a warning if the rate is close to zero early, or zero before the end."""
    peak, end = max(rates), _end(rates)
    if end / len(rates) < _LATE and len(rates) - end > 1:
        return (
            f"warning: it is 0 from update {_places(len(rates), updates)(end)} of {updates} on: "
            "nothing is learned any more"
        )
    top = rates.index(peak)
    small = [i for i in range(top, len(rates)) if rates[i] <= _SMALL * peak]
    if not small or small[0] > _SOON * len(rates) or max(rates[small[0] :]) > _SMALL * peak:
        return None
    done = _places(len(rates), updates)(small[0]) - 1
    return (
        f"warning: it is {rates[small[0]] / peak:.2%} of its peak after {done} of {updates} "
        "updates and stays so; is the schedule meant in epochs? It counts steps; multiply "
        "milestones by the steps of an epoch"
    )


def describe(rates: Sequence[float], updates: int) -> str:
    """Describe the first, peak and last rate, and draw the curve, in one line."""
    peak = max(rates)
    at = _places(len(rates), updates)(rates.index(peak))
    summary = f"{rates[0]:.3g} first, {peak:.3g} at most (update {at}), {rates[-1]:.3g} last"
    count = min(_WIDTH, len(rates))
    chosen = [rates[round(i * (len(rates) - 1) / max(count - 1, 1))] for i in range(count)]
    top = len(_BARS) - 1
    curve = "".join(_BARS[round(rate / peak * top) if peak else 0] for rate in chosen)
    return f"{summary}: {curve}"


def _end(rates: Sequence[float]) -> int:
    """Count the rates up to the last that is not zero."""
    return max((i for i, rate in enumerate(rates, start=1) if rate), default=0)


def _places(rates: int, updates: int) -> Callable[[int], int]:
    """Return the function from a position among the rates to the number of the update, from 1."""
    step = (updates - 1) / max(rates - 1, 1)
    return lambda position: 1 + round(position * step)
