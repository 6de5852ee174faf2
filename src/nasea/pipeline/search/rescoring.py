"""On which images an architecture is scored again, where a lucky score may have chosen it."""

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

    Where the search measures on a part of the validation images, that is others of them, and other
    training images for the normalisation statistics. Where it measures on all, only the latter are
    left to change; they are changed if that explains enough of what scores differ by.

    Args:
        images: that the search measures on, spread evenly; ``None`` for all of them.
        available: validation images.
        separation: what was found of the noise of scores; ``None`` where nothing was.

    Returns:
        None where nothing is known of the noise, or there is none.
    """
    if separation is None or not separation.noise:
        return ()
    if images is not None and not separation.undefined and 2 < 2 * images - 1 <= available:
        # Of 2 n - 1 images spread evenly, every other one is one of n that are. In detection,
        # where every class keeps its share instead, some images are in both.
        return (EvaluationSubset(2 * images - 1, half=1, statistics=1),)
    of_draws = (separation.draw_noise or 0.0) ** 2 / separation.noise**2
    if of_draws / 2 < _WORTH:
        return ()
    return (EvaluationSubset(images, statistics=1),)


def describe_images(again: tuple[EvaluationSubset, ...]) -> str:
    """Return a line for the log: how members of the front are scored again."""
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
    """Return the standard deviation of what the front shows, after scores were made again.

    Args:
        again: what :func:`other_images` gave.
        separation: as there.

    Returns:
        ``None`` where nothing is known of the noise.
    """
    if separation is None or separation.noise is None:
        return None
    if not again:
        return separation.noise
    of_draws = (separation.draw_noise or 0.0) ** 2
    # The same images have the same errors, however often they are looked at.
    of_images = separation.noise**2 - of_draws
    shared = of_images if again[0].half is None else of_images / 2
    return math.sqrt(shared + of_draws / 2)
