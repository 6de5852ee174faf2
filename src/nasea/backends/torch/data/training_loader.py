"""Loads training batches, by workers that live from one epoch to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader, Dataset

from nasea.backends.torch.data.cached_items import Reading
from nasea.backends.torch.data.collating import Collate
from nasea.backends.torch.data.loaders import open_loader


class TrainingLoader:
    """One epoch after the other.

    Args:
        dataset: gives the items of a batch, or of a list that tells it which batch.
        collate: of the user; ``None`` for that of torch.
        reading: entered while a batch is read.
        pinned: whether batches are put where a GPU reads them fast.
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
            order: what the data set gets for each.
            workers: how many processes load.
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
            self.close()  # a worker may be gone
            raise

    def close(self) -> None:
        """End the workers."""
        self._loader = None


class _Order:
    """What the data set gets for each batch of the present epoch."""

    def __init__(self) -> None:
        self.parts: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)
