"""Ends that return a fixed number of images, whatever they are given.

The last batch of validation data is smaller than the others, and exported files take one image.
"""

from __future__ import annotations

from collections.abc import Sequence

from nasea.errors import UserModuleError

Size = tuple[int | None, ...] | None
"""Shape of an output; ``None`` where it, or an axis of it, is not known."""


def require_same_number(file: str, method: str, given: int, returned: int) -> None:
    """Raise UserModuleError where PreNet returns another number of images than it gets."""
    if returned != given:
        raise UserModuleError(
            f"{file}: {method} changed the number of images from {given} to {returned}",
            fix="return one feature map for each image of the batch, however many there are: "
            "take the number from inputs",
        )


def require_outputs_of_one(
    file: str, method: str, images: int, of_batch: Sequence[Size], of_one: Sequence[Size]
) -> None:
    """Raise UserModuleError where PostNet returns for one image what it returned for a batch.

    Outputs may count images on any axis (CTC has time first), and some may not count them at all,
    so only a module is refused all of whose outputs stay as they are, as long as the batch was.

    Args:
        file: the user's, for messages.
        method: of PostNet.
        images: in the batch.
        of_batch: shapes of the outputs for it.
        of_one: shapes of the outputs for one image.
    """
    fixed = [size for size in of_one if size and size[0] == images and size in of_batch]
    if images > 1 and fixed and len(fixed) == len(of_one):
        raise UserModuleError(
            f"{file}: {method} returns {fixed[0]} for {images} images and for one",
            fix="return an output for each image of the batch, however many there are: take the "
            f"number from inputs in place of {images}",
        )
