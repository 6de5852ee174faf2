"""Caches items of a data set in a file that all processes share; workers read and pack them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset, default_collate, get_worker_info

from nasea.backends.data.image_cache import CacheTable, digest_of
from nasea.backends.data.packing import NotPackable, pack
from nasea.backends.torch.data.collating import Collate
from nasea.backends.torch.data.loaders import open_loader
from nasea.backends.torch.data.packing import TensorPickler
from nasea.backends.torch.data.random_draws import draws_kept, read_items
from nasea.backends.torch.devices import seed_everything

_IN_ONE_PROCESS = 1.0
"""Reading that takes longer than this, in seconds, is done by workers."""


@dataclass(frozen=True)
class Workers:
    """Numbers of processes that read evaluation images.

    Attributes:
        filling: while the other processes of the machine wait.
        scoring: while all processes of the machine score.
    """

    filling: int = 0
    scoring: int = 0


Reading = Callable[[], AbstractContextManager[None]]
"""Context in which the user's data set is read."""


class CachedItems(Dataset[Any]):
    """The user's data set with a cache of the items that were read before.

    Each item draws random numbers with its own seed, so it is the same in any order, process and
    batch.

    Attributes:
        seconds: time to read an item, most recent measurement.

    Args:
        dataset: the user's data set.
        table: an entry for each item.
        seed: seed of random draws, together with the item's index.
        reading: context in which the data set is read.
        copies: whether to return copies, because items may be changed in place.
        workers: number of processes that read, while others wait and while a network is scored.
        at_once: number of items that a worker reads at a time.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        table: CacheTable,
        seed: Sequence[int],
        reading: Reading,
        copies: bool,
        workers: Workers,
        at_once: int = 16,
    ) -> None:
        self.dataset = dataset
        self.workers = workers
        self._packable = True
        self._table = table
        self._seed = tuple(seed)
        self.reading = reading
        self.seconds = 0.0
        self._at_once = at_once
        self._copies = copies
        self._known: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, index: int) -> Any:
        """Return one item."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return the items of a batch, from the file if they are in it."""
        items: dict[int, Any] = {}
        absent = []
        for index in indices:
            try:
                items[index] = self._kept(index)
            except KeyError:
                absent.append(index)
        if absent:
            items.update(zip(absent, self.read(absent), strict=True))
        return [items[index] for index in indices]

    def read(self, indices: Sequence[int]) -> list[Any]:
        """Return the items as the user's data set returns them; other draws are unaffected."""
        start = time.perf_counter()
        with draws_kept():
            items = []
            for index in indices:
                seed_everything(*self._seed, index)
                items += read_items(self.dataset, [index])
        self.seconds = (time.perf_counter() - start) / max(1, len(indices))
        return items

    def missing(self, indices: Sequence[int]) -> list[int]:
        """Return the items that the file does not contain."""
        return self._table.missing(indices)

    @property
    def item_bytes(self) -> int:
        """Size of the first item; 0 if it cannot be cached."""
        before = self.seconds
        with self.reading():
            items = self.read([0])
        self.seconds = before or self.seconds  # an image that was just read says less
        try:
            return len(pack(items[0], TensorPickler))
        except NotPackable:
            return 0

    def fill(self, indices: Sequence[int]) -> None:
        """Read missing items into the file until it is full.

        If another process is reading them, wait for it.
        """
        if not self._packable or self._table.cache.is_full or not self.missing(indices):
            return
        with self._table.cache.writing():  # possibly after another process did
            for places, packed in self._packed(self.missing(indices)):
                start = 0
                for place, (length, digest) in places.items():
                    if not self._table.put(place, packed[start : start + length], digest):
                        return
                    start += length

    def each(self, indices: Sequence[int], look: Callable[[Any], Any]) -> list[Any]:
        """Apply a function to each item; use workers if reading is slow."""
        return [one for some in self._each(_Looking(self, look), indices) for one in some]

    def _kept(self, index: int) -> Any:
        if index in self._known:
            return self._known[index]
        item = self._table.get(index, self._copies)
        if not self._copies and get_worker_info() is None:
            self._known[index] = item  # its arrays are views of the file
        return item

    def _packed(
        self, indices: list[int]
    ) -> Iterator[tuple[dict[int, tuple[int, bytes]], memoryview]]:
        """Yield packed items: (length and digest of each, all of them concatenated)."""
        for about, content in self._each(_Packing(self), indices):
            if about is None:  # such items are read every time
                self._packable = False
                return
            yield about, memoryview(content.numpy())

    def _each(self, dataset: _Packing | _Looking, indices: Sequence[int]) -> Iterator[Any]:
        """Yield some items of a data set at a time; use workers if reading is slow."""
        if not indices:
            return
        size = self._at_once
        first, rest = list(indices[: min(size, 4)]), list(indices[min(size, 4) :])
        with self.reading():
            found = dataset.__getitems__(first)
        yield found
        parts = [rest[i : i + size] for i in range(0, len(rest), size)]
        slow = self.seconds * len(rest) > _IN_ONE_PROCESS
        workers = min(self.workers.filling, len(parts)) if slow else 0
        loader = open_loader(dataset, parts, workers, _as_they_are)
        batches = iter(loader)
        for _ in parts:
            with self.reading():
                found = next(batches)
            yield found


class Collated(Dataset[Any]):
    """A data set whose items are batches.

    Args:
        dataset: the original data set.
        parts: the indices of the items in each batch.
        collate: the user's collate function; ``None`` for torch's.
    """

    def __init__(
        self, dataset: Dataset[Any], parts: Sequence[list[int]], collate: Collate | None
    ) -> None:
        self.dataset = dataset
        self.parts = parts
        self.collate = collate or default_collate

    def __getitem__(self, index: int) -> Any:
        """Return a batch."""
        return self.collate(self.dataset.__getitems__(self.parts[index]))  # type: ignore[attr-defined]


class _Looking(Dataset[Any]):
    """A data set that applies a function to items."""

    def __init__(self, items: CachedItems, look: Callable[[Any], Any]) -> None:
        self.items = items
        self.look = look

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self.look(item) for item in self.items.__getitems__(indices)]


class _Packing(Dataset[Any]):
    """A data set of items packed as bytes, which a worker sends in one piece."""

    def __init__(self, items: CachedItems) -> None:
        self.items = items

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        try:
            packed = [pack(item, TensorPickler) for item in self.items.read(indices)]
        except NotPackable:
            return [None, None]
        about = {
            index: (len(each), digest_of(each)) for index, each in zip(indices, packed, strict=True)
        }
        return [about, torch.frombuffer(bytearray().join(packed), dtype=torch.uint8)]


def _as_they_are(items: list[Any]) -> list[Any]:
    return items
