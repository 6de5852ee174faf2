"""Training images that calibrate the activation ranges of int8 files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nasea.backends.export.exporter import Array
from nasea.errors import DataError


def calibrating_images(read: Callable[[int], Array], wanted: int, option: str) -> Array:
    """Return training images for int8 calibration, checked.

    Args:
        read: returns this many training images, or all if there are fewer; (N, …).
        wanted: number of images.
        option: the option that sets the number, for messages; empty for the default.

    Returns:
        float32 images.

    Raises:
        DataError: there are fewer images than requested, or some have non-finite values.
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
    """Raise DataError if calibration images have non-finite values."""
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
    """Yield all images in chunks of ``size``; copies of the last image pad the last chunk.

    Args:
        images: at least one; (N, …).
        size: batch size of the file.
    """
    for first in range(0, len(images), size):
        part = images[first : first + size]
        yield np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
