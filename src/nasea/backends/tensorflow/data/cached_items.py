"""Caches validation images one by one, independently of the batches that contained them."""

from __future__ import annotations

import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nasea.backends.data.image_cache import CacheTable, digest_of
from nasea.backends.data.packing import NotPackable, pack

_Places = np.ndarray[Any, Any]


class BatchSplitter(ABC):
    """A protocol that splits the batches of a task into examples, and joins examples into batches.

    An example is one image with its labels.
    """

    @abstractmethod
    def count(self, batch: Any) -> int:
        """Return the number of images in a batch."""

    @abstractmethod
    def split(self, batch: Any, where: Sequence[int]) -> list[Any]:
        """Return some images of a batch, each as an example that can be packed."""

    @abstractmethod
    def join(self, examples: Sequence[Any]) -> Any:
        """Return examples as a batch that shares no memory with them."""

    @abstractmethod
    def form(self, example: Any) -> object:
        """Return the shapes and types of an example; examples with equal forms can be joined."""


class CachedImages:
    """The validation images in the order of a pass.

    Only requested images are cached, in a file that all processes of the machine share. If it is
    too small, every evaluation reads a pass up to the last requested image.

    Attributes:
        seconds: time to read an image, most recent measurement of a pass that cached some; 0
            before.

    Args:
        table: an entry for each image, by its index in a pass.
        splitter: splits and joins batches.
        read: yields the batches of a pass from the start, the same every time.
        tags: numbers that identify the images of a batch, given the batch and the index of its
            first image; -1 for images that are never requested.
    """

    def __init__(
        self,
        table: CacheTable,
        splitter: BatchSplitter,
        read: Callable[[], Iterator[Any]],
        tags: Callable[[Any, int], Sequence[int]],
    ) -> None:
        self._table = table
        self._splitter = splitter
        self._read = read
        self._tags = tags
        self.seconds = 0.0
        self._searched: set[bytes] = set()
        self._packable = True
        self._known: dict[int, Any] = {}
        """Examples whose arrays are views of the file."""

    def example_bytes(self, batch: Any) -> int:
        """Return the size of the first image of a batch; 0 if it cannot be cached."""
        try:
            return len(pack(self._splitter.split(batch, [0])[0]))
        except NotPackable:
            return 0

    def fill(self, wanted: _Places | None) -> None:
        """Read missing images into the file until it is full.

        If another process is reading them, wait for it.

        Args:
            wanted: tags of images; ``None`` for all images.
        """
        cache = self._table.cache
        if not self._packable or cache.is_full or self._places(wanted) is not None:
            return
        with cache.writing():
            if self._places(wanted) is None:
                self._fill(wanted)

    def batches(self, wanted: _Places | None, size: int) -> Iterator[Any]:
        """Yield all images in their original batches, or some images in new batches.

        Args:
            wanted: tags of images; ``None`` for all images.
            size: size of new batches; smaller if the next images have another form.
        """
        places = self._places(wanted)
        if places is not None and not self._table.sound(places):
            places = None
        if wanted is None and places is None:
            yield from self._read()
        elif wanted is None and places is not None:
            groups = self._table.groups
            for _, together in itertools.groupby(places.tolist(), key=groups.__getitem__):
                yield self._splitter.join([self._example(place) for place in together])
        elif wanted is not None:
            yield from self._grouped(self._some(wanted, places), size)

    def _some(self, wanted: _Places, places: _Places | None) -> Iterator[Any]:
        """Yield some images as examples."""
        if places is not None:
            for place in places:
                yield self._example(int(place))
            return
        for batch, _, where, _ in self._pass(wanted):
            yield from self._splitter.split(batch, where)

    def _example(self, place: int) -> Any:
        if place not in self._known:
            self._known[place] = self._table.get(place, copies=False)
        return self._known[place]

    def _grouped(self, examples: Iterator[Any], size: int) -> Iterator[Any]:
        for _, alike in itertools.groupby(examples, key=self._splitter.form):
            while together := list(itertools.islice(alike, size)):
                yield self._splitter.join(together)

    def _places(self, wanted: _Places | None) -> _Places | None:
        """Return the indices of those images; ``None`` if a pass may have some that are missing."""
        if wanted is None:
            every = np.arange(len(self._table))
            return every if self._table.holds(every).all() else None
        tags = self._table.tags
        there = np.flatnonzero(np.isin(tags, wanted))
        _, first = np.unique(tags[there], return_index=True)
        if len(first) < len(wanted) and wanted.tobytes() not in self._searched:
            return None
        return np.sort(there[first])

    def _fill(self, wanted: _Places | None) -> None:
        start = time.perf_counter()
        for batch, first, where, tags in self._pass(wanted):
            self.seconds = (time.perf_counter() - start) / (first + self._splitter.count(batch))
            new = [i for i in where if not self._table.holds([first + i])[0]]
            group = first
            for i, example in zip(new, self._splitter.split(batch, new), strict=True):
                try:
                    content = pack(example)
                except NotPackable:
                    self._packable = False
                    return
                if not self._table.put(first + i, content, digest_of(content), group, tags[i]):
                    return
        if wanted is not None:
            self._searched.add(wanted.tobytes())

    def _pass(self, wanted: _Places | None) -> Iterator[tuple[Any, int, list[int], Sequence[int]]]:
        """Yield (a batch, the index of its first image, its wanted images, their tags)."""
        left = None if wanted is None else set(wanted.tolist())
        first = 0
        for batch in self._read():
            count = self._splitter.count(batch)
            tags = self._tags(batch, first)
            where = []
            for i in range(count):
                if left is None or tags[i] in left:
                    where.append(i)
                    if left is not None:
                        left.remove(tags[i])
            if where:
                yield batch, first, where, tags
            first += count
            if left is not None and not left:
                return
