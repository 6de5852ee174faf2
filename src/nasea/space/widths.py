"""Which layers choose their width together, and what from.

A *stage* is a run of layers that put out equally many channels, whatever is chosen. One gene
decides for all of them, so identity shortcuts and skipped layers stay possible inside a stage.
Layers that PostNet reads are in no stage: user code is written for their width.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

DIVISOR = 8
"""Widths are multiples of it unless the user says otherwise: what vector units like."""


@dataclass(frozen=True)
class Stage:
    """Layers that share one width gene.

    Attributes:
        layers: consecutive indices into the chain.
        channels: the widths to choose from, rising; the gene is an index into them.
    """

    layers: tuple[int, ...]
    channels: tuple[int, ...]


def find_stages(
    filters: Sequence[int],
    strides: Sequence[int],
    fixed: Collection[int],
    multiples: Sequence[float],
    divisor: int = DIVISOR,
) -> tuple[Stage, ...]:
    """The stages of a chain whose width is a choice.

    A stage begins at a stride of 2, at a change of filters and behind a layer of fixed width.

    Args:
        filters: output channels of each layer, what the multiples are of.
        strides: 1 or 2 for each layer.
        fixed: layers that keep their filters.
        multiples: the widths, as multiples of the filters.
        divisor: what every width but the filters themselves is a multiple of.
    """
    runs: list[list[int]] = []
    for index in range(len(filters)):
        if index in fixed:
            continue
        joins = (
            index > 0
            and strides[index] == 1
            and filters[index] == filters[index - 1]
            and index - 1 not in fixed
        )
        if joins:
            runs[-1].append(index)
        else:
            runs.append([index])
    stages = (Stage(tuple(run), _channels(filters[run[0]], multiples, divisor)) for run in runs)
    return tuple(stages)


def _channels(filters: int, multiples: Sequence[float], divisor: int) -> tuple[int, ...]:
    """Of one stage, rising; equal ones merged."""
    return tuple(sorted({rounded(filters * m, divisor) if m != 1 else filters for m in multiples}))


def rounded(channels: float, divisor: int) -> int:
    """The multiple of ``divisor`` that is nearest, at least one of it; of two, the even one."""
    return max(1, round(channels / divisor)) * divisor
