"""Determines the direction of the user's metric and converts the metric into an accuracy.

A metric may be an accuracy or an error. Optimising it in the wrong direction would silently ruin
the search. ``searcher.metric_mode: auto`` measures the same architectures before and after the
supernet is trained: a metric that training reduces is an error.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nasea.backends.records import Measurement
from nasea.errors import MetricError, ResultsError
from nasea.results.front import Front, FrontMember
from nasea.results.front.places import FRONT_FILE

Mode = Literal["max", "min"]

N_REFERENCES = 6
"""Architectures measured before and after training."""

N_NEEDED = 3
"""So many of them must give a metric both times."""

_SURE = 4.0
"""The mean change must exceed this many standard errors to be believed."""


@dataclass(frozen=True)
class Direction:
    """The direction of a metric, and its conversion into an accuracy.

    Attributes:
        mode: whether a larger metric is better (``max``) or a smaller one (``min``).
        in_unit_interval: whether an error lies in [0, 1], so that 1 − error is an accuracy.
        evidence: how the direction was determined, for the log.
    """

    mode: Mode
    in_unit_interval: bool
    evidence: str

    @classmethod
    def of_search(cls, results: Path) -> Direction:
        """Return the direction that a finished search determined.

        Args:
            results: the results directory of the search.

        Raises:
            ResultsError: there are no results.
        """
        try:
            front = Front.load(results / FRONT_FILE)
        except ResultsError as error:
            raise ResultsError(
                f"{results} holds no results of a search: {error.message}",
                fix="run nasea search there to its end first",
            ) from None
        return cls.of_result(front.info.metric_mode, front.best)

    @classmethod
    def of_result(cls, mode: Mode, member: FrontMember) -> Direction:
        """Return the direction with which a result's metric was converted into its accuracy."""
        unit = mode == "min" and math.isclose(member.accuracy, 1.0 - member.metric, abs_tol=1e-9)
        return cls(mode, unit, "as in the search")

    def accuracy(self, metric: float) -> float:
        """Return the metric, 1 − metric for an error in [0, 1], else −metric; higher is better."""
        if self.mode == "max":
            return metric
        return 1.0 - metric if self.in_unit_interval else -metric


def decide(
    asked: Literal["auto", "max", "min"],
    before: Sequence[Measurement],
    after: Sequence[Measurement],
) -> Direction:
    """Return the direction set by the scenario, or the one that training shows.

    Args:
        asked: ``searcher.metric_mode``.
        before: measurements of some architectures with the untrained supernet.
        after: of the same architectures with the trained one.

    Raises:
        MetricError: the mode is ``auto`` and the measurements before and after training cannot be
            distinguished, or too many of them failed.
    """
    values = [m.metric for m in (*before, *after) if m.metric is not None]
    unit = bool(values) and all(0.0 <= value <= 1.0 for value in values)
    if asked != "auto":
        return Direction(asked, unit, f"metric_mode: {asked} in the scenario")
    pairs = [
        (b.metric, a.metric)
        for b, a in zip(before, after, strict=True)
        if b.metric is not None and a.metric is not None
    ]
    if len(pairs) < N_NEEDED:
        raise _too_few(len(pairs), before, after)
    changes = [a - b for b, a in pairs]
    mean = statistics.fmean(changes)
    spread = statistics.stdev(changes) / math.sqrt(len(changes))
    evidence = (
        f"training moved the metric from {statistics.fmean(b for b, _ in pairs):.4g} to "
        f"{statistics.fmean(a for _, a in pairs):.4g} (mean of {len(pairs)} architectures)"
    )
    same_sign = all(change > 0 for change in changes) or all(change < 0 for change in changes)
    if not same_sign or abs(mean) <= _SURE * spread:
        raise MetricError(
            f"searcher.metric_mode: auto cannot tell whether the metric is an accuracy or an "
            f"error: {evidence}",
            fix="write metric_mode: max (an accuracy) or metric_mode: min (an error) and run the "
            "same command again, the trained supernet is kept; or train longer",
        )
    mode: Mode = "max" if mean > 0 else "min"
    return Direction(mode, unit, evidence)


def _too_few(
    pairs: int, before: Sequence[Measurement], after: Sequence[Measurement]
) -> MetricError:
    """Return the error for a metric that could not be measured before and after training.

    The error suggests setting ``metric_mode`` only if the trained supernet can be measured;
    otherwise the search would fail too.
    """
    failed = sum(m.metric is None for m in after)
    concerned = after if failed == len(after) else (*before, *after)
    reasons = {m.failure for m in concerned if m.failure is not None}
    listed = "".join(f"\n  {reason}" for reason in sorted(reasons)[:3])
    if failed == len(after):
        return MetricError(
            f"the metric failed on all {failed} architectures of the trained supernet that were "
            f"measured{listed}",
            fix="correct the metric in user_module.py: the search compares architectures by it",
        )
    fix = "write metric_mode: max (an accuracy) or metric_mode: min (an error)"
    if failed:
        fix = f"correct what failed in the metric; to go on without those, {fix}"
    return MetricError(
        f"searcher.metric_mode: auto needs the metric of at least {N_NEEDED} architectures "
        f"before and after training; {pairs} could be measured{listed}",
        fix=fix,
    )


def to_json(measured: Sequence[Measurement]) -> list[list[float | str | None]]:
    """Return the measurements as JSON values."""
    return [[m.metric, m.failure] for m in measured]


def from_json(stored: Sequence[Sequence[object]]) -> list[Measurement]:
    """Return the inverse of :func:`to_json`."""
    return [
        Measurement(
            float(metric) if isinstance(metric, int | float) else None,
            str(failure) if failure is not None else None,
        )
        for metric, failure in stored
    ]
