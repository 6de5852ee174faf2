"""The trunks that are searched: output channels of all layers.

One gene chooses a multiple of the user's filters for all layers together. So the trunk keeps its
proportions, and where equal filters follow each other, identity shortcuts and skipped layers remain
possible. Layers that PostNet reads keep their filters, since user code depends on them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

DIVISOR = 8
"""Default divisor of widths, which suits vector units."""


def find_trunks(
    filters: Sequence[int],
    fixed: Collection[int],
    multiples: Sequence[float],
    divisor: int = DIVISOR,
) -> tuple[tuple[int, ...], ...]:
    """Return the different trunks, narrowest first.

    Args:
        filters: output channels of each layer, to which the multiples refer.
        fixed: layers that keep their filters.
        multiples: the widths, as multiples of the filters.
        divisor: every width except the filters themselves is a multiple of it.

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
    """Round to the nearest multiple of ``divisor``, at least one; ties go to the even multiple."""
    return max(1, round(channels / divisor)) * divisor
