"""How the batches of an epoch are dealt to the ranks: every image once, a batch a rank a step.

The user's pipeline makes the batches, so every rank reads all of them, in the same order, and works
on its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nasea.backends.tensorflow.data.batches import take
from nasea.backends.tensorflow.data.datasets import Batch


@dataclass(frozen=True)
class Shard:
    """What one rank does in one step.

    Attributes:
        batch: the images it works on, with their labels.
        weight: its part of the mean over all images of the step, from 0 to 1.
        images: different images of the step, of all ranks together.
    """

    batch: Batch
    weight: float
    images: int


def steps_of(batches: int, size: int) -> int:
    """Return the number of steps for ``batches`` batches, one a rank."""
    return -(-batches // size)


def shard_batches(batches: Iterator[Batch], size: int, rank: int) -> Iterator[Shard]:
    """Yield the shares of one rank.

    A step takes the next ``size`` batches. Where fewer are left, ranks in turn share one: each
    works on a part of it, or, where a part would be a single image, which batch normalisation
    cannot work with, all of them on the same.

    Args:
        batches: those of an epoch, the same on all ranks.
        size: how many ranks.
        rank: which one this is, from 0.
    """
    while group := list(itertools.islice(batches, size)):
        yield _shard(group, size, rank)


def _shard(group: Sequence[Batch], size: int, rank: int) -> Shard:
    counts = [int(images.shape[0]) for images, _ in group]
    mine, place = rank % len(group), rank // len(group)
    batch, count, total = group[mine], counts[mine], sum(counts)
    sharers = len(range(mine, size, len(group)))
    if sharers == 1:
        return Shard(batch, count / total, total)
    if count < 2 * sharers:
        return Shard(batch, count / total / sharers, total)
    part, more = divmod(count, sharers)
    start = place * part + min(place, more)
    end = start + part + (place < more)
    images, labels = take(batch, range(start, end), count)
    return Shard((images, labels), (end - start) / total, total)
