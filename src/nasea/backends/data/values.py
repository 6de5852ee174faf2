"""Values that images must not have."""

from __future__ import annotations

from nasea.errors import DataError


def require_finite(finite: bool, name: str) -> None:
    """Raise DataError where images have values that are no numbers: nothing is learned from them.

    Args:
        finite: whether all values of the first batch are.
        name: of the data set.
    """
    if not finite:
        raise DataError(
            f"{name} gives images with values that are not finite (NaN or infinite)",
            fix="look for a division by zero, e.g. by the spread of an image of one colour",
        )
