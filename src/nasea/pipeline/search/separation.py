"""Measures whether the supernet can tell architectures apart.

An under-trained supernet gives all architectures similar scores, and a search on it returns noise.
Before the search, random feasible architectures are scored under several conditions that should not
matter: different training images for the normalisation statistics, and different halves of the
validation images. The ratio of the variance between architectures to the variance over conditions
shows whether differences between scores are significant.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nasea.backends.records import EvaluationSubset, MeasureEach, Measurement
from nasea.errors import Notice
from nasea.space import Genome

N_ARCHITECTURES = 20
ENOUGH = 3.0
"""Ratio below which the user is warned."""

_CONDITIONS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""(draw of statistics images, half of the validation images)."""

_WHOLE = ((0, None), (1, None))
"""The same for a metric that has no value on a half, such as an AUROC of a rare label."""


@dataclass(frozen=True)
class Separation:
    """How clearly scores separate random architectures.

    Attributes:
        architectures: number of architectures measured without failure.
        between: variance of the architectures' mean metrics.
        within: mean over architectures of the variance over conditions.
        ratio: ``between / within``.
        lowest: lowest mean metric.
        highest: highest mean metric.
        undefined: why halves of the validation images could not be used; empty if they were.
        noise: standard deviation of a score of the search about its expected value, without changes
            common to all scores. If halves could not be used, it only contains the noise of the
            draws. ``None`` in files of earlier versions.
        draw_noise: the part of ``noise`` due to the draw of statistics images.
    """

    architectures: int
    between: float
    within: float
    ratio: float
    lowest: float
    highest: float
    undefined: str = ""
    noise: float | None = None
    draw_noise: float | None = None

    @property
    def holds(self) -> bool:
        """Whether scores separate architectures clearly."""
        return self.ratio >= ENOUGH

    def describe(self) -> str:
        """Return one line for the log."""
        conditions = "statistics draws and validation halves"
        if self.undefined:
            conditions = (
                "statistics draws alone (the metric has no value on halves of the validation "
                f"images: {self.undefined})"
            )
        return (
            f"the variance between {self.architectures} random architectures is "
            f"{self.ratio:.1f} x that over {conditions} "
            f"(metric {self.lowest:.4g} to {self.highest:.4g})"
            + (f"; a score is good to ±{self.noise:.2g}" if self.noise is not None else "")
        )

    def notice(self) -> Notice | None:
        """Return a warning when scores do not separate architectures; ``None`` when they do."""
        if self.holds:
            return None
        return Notice(
            "separation",
            f"scores hardly tell architectures apart: {self.describe()}; below {ENOUGH:g} much of "
            "what the search prefers is chance. Train longer, raise the learning rate, use fewer "
            "supernet.blocks or more validation images",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the measurement as JSON values."""
        return asdict(self)


def measure_separation(
    genomes: Sequence[Genome],
    measure_each: MeasureEach,
    images: int | None,
    on_measured: Callable[[int], None],
    on_failure: Callable[[str], None] = lambda reason: None,
) -> Separation | None:
    """Measure every architecture under every condition.

    If the metric has no value on a half of the validation images, all of them are used, and the
    conditions differ only in the draws of statistics images.

    Args:
        genomes: random feasible architectures.
        measure_each: scores architectures, each on its subset.
        images: ``searcher.eval_images``.
        on_measured: called with the number of measured architectures.
        on_failure: called with the reason if fewer than two architectures could be measured.

    Returns:
        The separation; ``None`` if fewer than two architectures could be measured.
    """
    first, *others = genomes
    rows, reason = _measured([first], _CONDITIONS, measure_each, images, on_measured)
    undefined = "" if rows else reason
    if undefined:
        rows, reason = _measured([first], _WHOLE, measure_each, images, on_measured)
        undefined = undefined if rows else ""  # it fails on all images too
    conditions = _WHOLE if undefined else _CONDITIONS
    more, other_reason = _measured(
        others, conditions, measure_each, images, lambda done: on_measured(1 + done)
    )
    rows += more
    if len(rows) < 2:
        on_failure(other_reason or reason or undefined)
        return None
    means = [statistics.fmean(row) for row in rows]
    between = statistics.variance(means)
    within = statistics.fmean(statistics.variance(row) for row in rows)
    ratio = between / within if within > 0 else (float("inf") if between > 0 else 0.0)
    noise, draw_noise = _noise(rows)
    return Separation(
        len(rows), between, within, ratio, min(means), max(means), undefined, noise, draw_noise
    )


def _noise(rows: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the standard deviation of a score, and the one due to the draws alone.

    Args:
        rows: per architecture, the metrics under :data:`_CONDITIONS` or :data:`_WHOLE`.
    """
    half = len(rows[0]) // 2
    draws = [statistics.fmean(row[half:]) - statistics.fmean(row[:half]) for row in rows]
    # The difference of two independent scores has twice the variance of one.
    of_draws = statistics.variance(draws) / 2
    of_images = 0.0
    if half > 1:
        halves = [statistics.fmean(row[1::2]) - statistics.fmean(row[::2]) for row in rows]
        of_images = statistics.variance(halves) / 4  # a score covers both halves
    return math.sqrt(of_draws + of_images), math.sqrt(of_draws)


def _measured(
    genomes: Sequence[Genome],
    conditions: Sequence[tuple[int, int | None]],
    measure_each: MeasureEach,
    images: int | None,
    on_measured: Callable[[int], None],
) -> tuple[list[list[float]], str]:
    """Return the metrics of architectures measured under all conditions, and the first failure."""
    measured: list[Measurement] = []

    def on_each(one: Measurement) -> None:
        measured.append(one)
        if len(measured) % len(conditions) == 0:
            on_measured(len(measured) // len(conditions))

    slices = [EvaluationSubset(images, half, draw) for draw, half in conditions]
    measure_each([(genome, data) for genome in genomes for data in slices], on_each)
    rows: list[list[float]] = []
    for start in range(0, len(measured), len(slices)):
        row = [one.metric for one in measured[start : start + len(slices)]]
        kept = [metric for metric in row if metric is not None]
        if len(kept) == len(row):
            rows.append(kept)
    reasons = (one.failure for one in measured if one.failure is not None)
    last = next(reasons, "").strip().splitlines()
    return rows, last[-1].strip() if last else ""
