"""Loads training batches with workers that persist between epochs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader, Dataset

from nasea.backends.torch.data.cached_items import Reading
from nasea.backends.torch.data.collating import Collate
from nasea.backends.torch.data.loaders import open_loader


class TrainingLoader:
    """A loader of one epoch after another.

    Args:
        dataset: returns the items of a batch, given a list that identifies the batch.
        collate: the user's collate function; ``None`` for torch's.
        reading: context in which a batch is read.
        pinned: whether to put batches into pinned memory, for a GPU.
    """

    def __init__(
        self, dataset: Dataset[Any], collate: Collate | None, reading: Reading, pinned: bool
    ) -> None:
        self._dataset = dataset
        self._collate = collate
        self._reading = reading
        self._pinned = pinned
        self._order = _Order()
        self._loader: DataLoader[Any] | None = None

    def batches(self, order: list[list[int]], workers: int) -> Iterator[Any]:
        """Yield the batches of an epoch.

        Args:
            order: the argument of the data set for each batch.
            workers: number of worker processes.
        """
        if self._loader is None or self._loader.num_workers != workers:
            self.close()
            self._loader = open_loader(
                self._dataset,
                self._order,
                workers,
                self._collate,
                persistent=True,
                pinned=self._pinned,
            )
        self._order.parts = order
        try:
            batches: Any = None
            for _ in order:
                with self._reading():
                    batches = iter(self._loader) if batches is None else batches
                    batch = next(batches)
                yield batch
        except Exception:
            self.close()  # a worker may have died
            raise

    def close(self) -> None:
        """Stop the workers."""
        self._loader = None


class _Order:
    """The arguments of the data set for each batch of the current epoch."""

    def __init__(self) -> None:
        self.parts: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)
