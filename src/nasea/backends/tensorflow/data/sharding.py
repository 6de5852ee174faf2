"""Shards an epoch over the ranks: every image once, one batch per rank and step.

The user's pipeline makes the batches, so every rank reads all of them in the same order and uses
its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nasea.backends.tensorflow.data.batches import take
from nasea.backends.tensorflow.data.datasets import Batch


@dataclass(frozen=True)
class Shard:
    """The shard of one rank in one step.

    Attributes:
        batch: its images and labels.
        weight: its weight in the mean over all images of the step, from 0 to 1.
        images: number of different images in the step, of all ranks together.
    """

    batch: Batch
    weight: float
    images: int


def steps_of(batches: int, size: int) -> int:
    """Return the number of steps for ``batches`` batches, one per rank and step."""
    return -(-batches // size)


def shard_batches(batches: Iterator[Batch], size: int, rank: int) -> Iterator[Shard]:
    """Yield the shards of one rank.

    A step takes the next ``size`` batches. If fewer are left, several ranks share one: each uses a
    part of it. If a part would be a single image, which batch normalisation does not support, all
    of them use the whole batch.

    Args:
        batches: the batches of an epoch, the same on all ranks.
        size: number of ranks.
        rank: this rank, from 0.
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
