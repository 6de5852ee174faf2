"""The training images that show which values activations have, for files in int8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nasea.backends.export.exporter import Array
from nasea.errors import DataError


def calibrating_images(read: Callable[[int], Array], wanted: int, option: str) -> Array:
    """Training images to calibrate int8 with, checked.

    Args:
        read: returns this many training images, or all if there are fewer; (N, …).
        wanted: how many.
        option: the option that sets the number, for messages; empty for the default.

    Returns:
        float32 images.

    Raises:
        DataError: there are fewer than were asked for, or some have values that are not finite.
    """
    images = np.ascontiguousarray(read(wanted), dtype=np.float32)
    if option and len(images) < wanted:
        raise DataError(
            f"{option} {wanted}: the training data set has only {len(images)} images",
            fix=f"use {option} {len(images)} or fewer",
        )
    require_finite([images])
    return images


def require_finite(batches: Sequence[Array]) -> None:
    """Raise DataError where images that show the values of activations are not finite."""
    spoiled = sum(
        int((~np.isfinite(batch.reshape(len(batch), -1)).all(1)).sum()) for batch in batches
    )
    if spoiled:
        raise DataError(
            f"{spoiled} of the {sum(map(len, batches))} training images that calibrate int8 have "
            "values that are not finite (NaN or infinite): no range can be taken from them",
            fix="look for a division by zero in the training data set, e.g. by the spread of an "
            "image of one colour",
        )


def in_chunks(images: Array, size: int) -> Iterator[Array]:
    """Yield all images, ``size`` at a time; copies of the last image fill up the last chunk.

    Args:
        images: one at least; (N, …).
        size: how many a file takes at a time.
    """
    for first in range(0, len(images), size):
        part = images[first : first + size]
        yield np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
