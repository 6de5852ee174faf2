"""The trunks that are searched: output channels of all layers.

One gene chooses a multiple of the user's filters for all layers together, so the shape of the trunk
stays the user's, and identity shortcuts and skipped layers stay possible where equal filters follow
each other. Layers that PostNet reads keep their filters: user code is written for them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

DIVISOR = 8
"""Widths are multiples of it unless the user says otherwise: what vector units like."""


def find_trunks(
    filters: Sequence[int],
    fixed: Collection[int],
    multiples: Sequence[float],
    divisor: int = DIVISOR,
) -> tuple[tuple[int, ...], ...]:
    """Return the different trunks, the narrowest first.

    Args:
        filters: output channels of each layer, what the multiples are of.
        fixed: layers that keep their filters.
        multiples: the widths, as multiples of the filters.
        divisor: what every width but the filters themselves is a multiple of.

    Returns:
        Output channels of each layer, for each trunk.
    """
    trunks = (
        tuple(
            count if multiple == 1 or index in fixed else rounded(count * multiple, divisor)
            for index, count in enumerate(filters)
        )
        for multiple in multiples
    )
    return tuple(sorted(set(trunks)))


def rounded(channels: float, divisor: int) -> int:
    """Round to the nearest multiple of ``divisor``, at least 1; ties go to the even one."""
    return max(1, round(channels / divisor)) * divisor
