"""The loader of validation batches that the user's metric receives."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from nasea.backends.torch.data.cached_items import CachedItems
from nasea.backends.torch.data.collating import collate_of
from nasea.backends.torch.data.loaders import open_loader
from nasea.errors import DataError

_IN_ONE_PROCESS = 1.0
"""Reading that takes at most this many seconds is done without workers."""


class EvaluationLoader(DataLoader[Any]):
    """A DataLoader over fixed images, most of which are cached, decoded, in a file.

    It returns copies, which a metric may change in place. Workers prefetch images that do not fit
    into the file.

    Args:
        dataset: the user's data set or a subset of it, which the metric sees as ``dataset``.
        batch_size: the scenario's batch size.
        items: reads the images.
        places: indices of the images, in order.
        what: name of the data set, for messages.
        pinned: whether to put batches into pinned memory, for a GPU.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        batch_size: int,
        items: CachedItems,
        places: Sequence[int],
        what: str,
        pinned: bool = False,
    ) -> None:
        super().__init__(
            dataset,
            batch_size=batch_size,
            shuffle=False,
            collate_fn=collate_of(items.dataset),
            pin_memory=pinned,
            generator=torch.Generator(),  # so that the metric's global generators are not advanced
        )
        self._items = items
        self._places = list(places)
        self._what = what
        self._parts = [self._places[i : i + batch_size] for i in range(0, len(places), batch_size)]
        self._loader: DataLoader[Any] | None = None
        self._reader: Callable[[], Generator[Any, None, None] | None] = lambda: None

    @property
    def places(self) -> list[int]:
        """Indices in the user's data set of the images that it loads."""
        return self._places

    def __iter__(self) -> Any:
        """Return the batches, in order."""
        before = self._reader()
        if before is not None and inspect.getgeneratorstate(before) != inspect.GEN_CLOSED:
            return self._batches(self._opened(workers=0))  # an iteration inside another
        reader = self._batches(self._settled())
        self._reader = weakref.ref(reader)
        return reader

    def close(self) -> None:
        """Stop its workers."""
        self._loader = None

    def _settled(self) -> DataLoader[Any]:
        """Return the loader; it has persistent workers if much has to be read."""
        absent = len(self._items.missing(self._places))
        busy = absent * self._items.seconds > _IN_ONE_PROCESS
        workers = min(self._items.workers.scoring, len(self._parts)) if busy else 0
        if self._loader is None or self._loader.num_workers != workers:
            self._loader = None  # stops the previous workers first
            self._loader = self._opened(workers)
        return self._loader

    def _opened(self, workers: int) -> DataLoader[Any]:
        return open_loader(
            self._items,
            self._parts,
            workers,
            self.collate_fn,
            persistent=True,
            pinned=self.pin_memory,
        )

    def _batches(self, loader: DataLoader[Any]) -> Generator[Any, None, None]:
        end = object()
        batches: Any = None
        seen = 0
        while True:
            with self._items.reading():
                batches = iter(loader) if batches is None else batches
                batch = next(batches, end)
            if batch is end:
                break
            yield batch
            seen += 1
        if seen < len(self._parts):
            raise DataError(
                f"{self._what} ends after {seen} of {len(self._parts)} batches",
                fix="let __getitem__ raise no StopIteration: it means the end of the data",
            )
