"""Detects a PreNet or PostNet that returns a fixed number of images for any batch size.

The last validation batch is smaller than the others, and exported files take one image.
"""

from __future__ import annotations

from collections.abc import Sequence

from nasea.errors import UserModuleError

Size = tuple[int | None, ...] | None
"""Shape of an output; ``None`` for an unknown shape or axis."""


def require_same_number(file: str, method: str, given: int, returned: int) -> None:
    """Raise UserModuleError if PreNet returns another number of images than it was given."""
    if returned != given:
        raise UserModuleError(
            f"{file}: {method} changed the number of images from {given} to {returned}",
            fix="return one feature map for each image of the batch, however many there are: "
            "take the number from inputs",
        )


def require_outputs_of_one(
    file: str, method: str, images: int, of_batch: Sequence[Size], of_one: Sequence[Size]
) -> None:
    """Raise UserModuleError if PostNet returns outputs of a whole batch for a single image.

    An output may have images on any axis (CTC has time first) or none at all, so a module is
    refused only if all its outputs keep the shape, and the length, that they had for the batch.

    Args:
        file: name of the user's file, for messages.
        method: the method of PostNet, for messages.
        images: batch size.
        of_batch: shapes of the outputs for the batch.
        of_one: shapes of the outputs for one image.
    """
    fixed = [size for size in of_one if size and size[0] == images and size in of_batch]
    if images > 1 and fixed and len(fixed) == len(of_one):
        raise UserModuleError(
            f"{file}: {method} returns {fixed[0]} for {images} images and for one",
            fix="return an output for each image of the batch, however many there are: take the "
            f"number from inputs in place of {images}",
        )
