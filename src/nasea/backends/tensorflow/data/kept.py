"""Validation images that are read once, image by image, whatever batches they came in."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nasea.backends.data.image_cache import Shelf, digest_of
from nasea.backends.data.packing import NotPackable, pack

_Places = np.ndarray[Any, Any]


class Rows(ABC):
    """How the batches of a task come apart, and images make a batch again."""

    @abstractmethod
    def count(self, batch: Any) -> int:
        """Images of a batch."""

    @abstractmethod
    def split(self, batch: Any, where: Sequence[int]) -> list[Any]:
        """Some images of a batch, each as a row that can be packed."""

    @abstractmethod
    def join(self, rows: Sequence[Any]) -> Any:
        """Rows as a batch, which shares no memory with them."""

    @abstractmethod
    def form(self, row: Any) -> object:
        """Rows of one form make a batch."""


class KeptImages:
    """The validation images in the order of a pass.

    Only images that are asked for are kept, in a file that all processes of the machine share.
    Where that has no room for them, every evaluation reads a pass, up to the last one asked for.

    Args:
        shelf: an entry for each image, by its place in a pass.
        rows: takes batches apart.
        read: gives the batches of a pass from its beginning, the same every time.
        tags: numbers by which the images of a batch are asked for, given the batch and the place
            of its first image; -1 for those that nobody asks for.
    """

    def __init__(
        self,
        shelf: Shelf,
        rows: Rows,
        read: Callable[[], Iterator[Any]],
        tags: Callable[[Any, int], Sequence[int]],
    ) -> None:
        self._shelf = shelf
        self._rows = rows
        self._read = read
        self._tags = tags
        self._searched: set[bytes] = set()
        self._packable = True
        self._known: dict[int, Any] = {}
        """Rows whose arrays are those of the file."""

    def row_bytes(self, batch: Any) -> int:
        """What the first image of a batch takes; 0 where it cannot be kept."""
        try:
            return len(pack(self._rows.split(batch, [0])[0]))
        except NotPackable:
            return 0

    def fill(self, wanted: _Places | None) -> None:
        """Read into the file what it does not have, as far as there is room.

        Where another process is at it, this one waits, and finds the images there.

        Args:
            wanted: tags of images; ``None`` for all images.
        """
        cache = self._shelf.cache
        if not self._packable or cache.is_full or self._places(wanted) is not None:
            return
        with cache.writing():
            if self._places(wanted) is None:
                self._fill(wanted)

    def batches(self, wanted: _Places | None, size: int) -> Iterator[Any]:
        """All images in the batches that they came in; some in batches of their own.

        Args:
            wanted: tags of images; ``None`` for all images.
            size: images of a batch of some; fewer where the next are of another form.
        """
        places = self._places(wanted)
        if places is not None and not self._shelf.sound(places):
            places = None
        if wanted is None and places is None:
            yield from self._read()
        elif wanted is None and places is not None:
            groups = self._shelf.groups
            for _, together in itertools.groupby(places.tolist(), key=groups.__getitem__):
                yield self._rows.join([self._row(place) for place in together])
        elif wanted is not None:
            yield from self._grouped(self._some(wanted, places), size)

    def _some(self, wanted: _Places, places: _Places | None) -> Iterator[Any]:
        """Rows of some images."""
        if places is not None:
            for place in places:
                yield self._row(int(place))
            return
        for batch, _, where, _ in self._pass(wanted):
            yield from self._rows.split(batch, where)

    def _row(self, place: int) -> Any:
        if place not in self._known:
            self._known[place] = self._shelf.get(place, copies=False)
        return self._known[place]

    def _grouped(self, rows: Iterator[Any], size: int) -> Iterator[Any]:
        for _, alike in itertools.groupby(rows, key=self._rows.form):
            while together := list(itertools.islice(alike, size)):
                yield self._rows.join(together)

    def _places(self, wanted: _Places | None) -> _Places | None:
        """Where those images are; ``None`` where some are missing that a pass may have."""
        if wanted is None:
            every = np.arange(len(self._shelf))
            return every if self._shelf.holds(every).all() else None
        tags = self._shelf.tags
        there = np.flatnonzero(np.isin(tags, wanted))
        _, first = np.unique(tags[there], return_index=True)
        if len(first) < len(wanted) and wanted.tobytes() not in self._searched:
            return None
        return np.sort(there[first])

    def _fill(self, wanted: _Places | None) -> None:
        for batch, first, where, tags in self._pass(wanted):
            new = [i for i in where if not self._shelf.holds([first + i])[0]]
            group = first
            for i, row in zip(new, self._rows.split(batch, new), strict=True):
                try:
                    content = pack(row)
                except NotPackable:
                    self._packable = False
                    return
                if not self._shelf.put(first + i, content, digest_of(content), group, tags[i]):
                    return
        if wanted is not None:
            self._searched.add(wanted.tobytes())

    def _pass(self, wanted: _Places | None) -> Iterator[tuple[Any, int, list[int], Sequence[int]]]:
        """(a batch, the place of its first image, which of its images are wanted, their tags)."""
        left = None if wanted is None else set(wanted.tolist())
        first = 0
        for batch in self._read():
            count = self._rows.count(batch)
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
