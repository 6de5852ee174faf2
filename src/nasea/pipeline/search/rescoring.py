"""Selects images for scoring an architecture again, in case its first score was lucky."""

from __future__ import annotations

import math

from nasea.backends.records import EvaluationSubset
from nasea.pipeline.search.separation import Separation

SCORED_FIRST = 100
"""Architectures that are scored before any of them is scored again."""

_WORTH = 0.1
"""Share of the variance of a score that a second one must take away to be worth its time."""


def other_images(
    images: int | None, available: int, separation: Separation | None
) -> tuple[EvaluationSubset, ...]:
    """Return the images of an architecture's second, third, ... score.

    If the search measures on a subset of the validation images, these are other validation images,
    and other training images for the normalisation statistics. If it measures on all validation
    images, only the training images can change. They change if their choice explains enough of the
    variance of scores.

    Args:
        images: number of evenly spaced images that the search measures on; ``None`` for all.
        available: number of validation images.
        separation: the measured noise of scores; ``None`` if it is unknown.

    Returns:
        The images; empty if the noise is unknown or zero.
    """
    if separation is None or not separation.noise:
        return ()
    if images is not None and not separation.undefined and 2 < 2 * images - 1 <= available:
        # Every other one of 2 n - 1 evenly spaced images is one of n evenly spaced images. In
        # detection, where subsets keep the share of every class, some images are in both.
        return (EvaluationSubset(2 * images - 1, half=1, statistics=1),)
    of_draws = (separation.draw_noise or 0.0) ** 2 / separation.noise**2
    if of_draws / 2 < _WORTH:
        return ()
    return (EvaluationSubset(images, statistics=1),)


def describe_images(again: tuple[EvaluationSubset, ...]) -> str:
    """Return one line for the log on how members of the front are scored again."""
    if again[0].half is None:
        where = "with normalisation statistics of other training images"
    else:
        where = "on other validation and statistics images"
    return (
        f"members of the front that luck may have put there are scored again, {where} "
        f"(from {SCORED_FIRST} scores on)"
    )


def remaining_noise(
    again: tuple[EvaluationSubset, ...], separation: Separation | None
) -> float | None:
    """Return the standard deviation of the front's scores after scoring again.

    Args:
        again: the result of :func:`other_images`.
        separation: as for :func:`other_images`.

    Returns:
        The standard deviation; ``None`` if the noise is unknown.
    """
    if separation is None or separation.noise is None:
        return None
    if not again:
        return separation.noise
    of_draws = (separation.draw_noise or 0.0) ** 2
    # Measuring again on the same images repeats the same errors.
    of_images = separation.noise**2 - of_draws
    shared = of_images if again[0].half is None else of_images / 2
    return math.sqrt(shared + of_draws / 2)
