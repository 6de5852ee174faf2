"""Shards an epoch over the ranks: every image once, one batch per rank and step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Sharding:
    """The batches of an epoch for one rank.

    A step takes the next ``size`` × ``batch_size`` images, a batch for each rank in order. The
    remainder is divided evenly. If that would give a rank a single image, which batch normalisation
    does not support, all ranks use the same batch; a remainder of one image is dropped.

    Attributes:
        images: number of images in the training data set.
        batch_size: batch size of one rank.
        size: number of ranks.
        rank: this rank, from 0.
    """

    images: int
    batch_size: int
    size: int = 1
    rank: int = 0

    @property
    def batches(self) -> int:
        """Number of batches of each rank in an epoch."""
        whole, rest = divmod(self.images, self.batch_size * self.size)
        return whole + (rest > 1)

    def counts(self, batch: int) -> list[int]:
        """Return the number of images of each rank in a batch, counted from 0."""
        left = self.total(batch)
        if left < 2 * self.size and self.size > 1:
            return [left] * self.size
        share, more = divmod(left, self.size)
        return [share + (rank < more) for rank in range(self.size)]

    def total(self, batch: int) -> int:
        """Return the number of different images in a batch, of all ranks together."""
        whole = self.batch_size * self.size
        return min(whole, self.images - batch * whole)

    def weight(self, batch: int) -> float:
        """Return this rank's weight in the mean over a batch, from 0 to 1."""
        counts = self.counts(batch)
        return counts[self.rank] / sum(counts)

    def mine(self, order: Sequence[_T], done: int = 0) -> list[list[_T]]:
        """Return this rank's batches of an epoch from batch ``done`` on, for an order of images."""
        batches = []
        for batch in range(done, self.batches):
            counts, start = self.counts(batch), batch * self.batch_size * self.size
            if sum(counts) == self.total(batch):
                start += sum(counts[: self.rank])
            batches.append(list(order[start : start + counts[self.rank]]))
        return batches
