"""Batches of a Python generator, whatever they are made of, image by image.

A batch is a nesting of arrays with the images along their first axis, and of lists with an item an
image; anything else belongs to the batch as a whole and goes along.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

Rows = tuple[Any, ...]
"""A batch: images first."""


def as_rows(element: Any) -> Rows:
    """What a generator gave as a batch: images alone are one, too."""
    return tuple(element) if isinstance(element, list | tuple) else (element,)


def count_of(batch: Rows) -> int:
    """Images of a batch."""
    return len(batch[0])


def take(value: Any, where: Sequence[int], images: int) -> Any:
    """Some images of a batch, or of a part of one.

    Args:
        value: the batch or the part.
        where: their numbers in it.
        images: how many it has.
    """
    if isinstance(value, np.ndarray) and value.ndim and len(value) == images:
        return value[list(where)]
    if isinstance(value, tf.Tensor) and value.shape.rank and len(value) == images:
        return tf.gather(value, list(where))
    if isinstance(value, list) and len(value) == images:
        return [value[i] for i in where]
    if isinstance(value, tuple):
        return tuple(take(item, where, images) for item in value)
    if isinstance(value, dict):
        return {key: take(item, where, images) for key, item in value.items()}
    return value


def joined(parts: Sequence[Any]) -> Any:
    """Parts that :func:`take` made of batches of one structure, one behind the other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, np.ndarray) and first.ndim:
        return np.concatenate(parts)
    if isinstance(first, tf.Tensor) and first.shape.rank:
        return tf.concat(parts, 0)
    if isinstance(first, list):
        return [item for part in parts for item in part]
    if isinstance(first, tuple):
        return tuple(joined(items) for items in zip(*parts, strict=True))
    if isinstance(first, dict):
        return {key: joined([part[key] for part in parts]) for key in first}
    return first


def regrouped(batches: Iterable[Rows], size: int) -> Iterator[Rows]:
    """The images of batches in batches of ``size``, the last maybe smaller."""
    waiting: list[Rows] = []
    found = 0
    for batch in batches:
        waiting.append(batch)
        found += count_of(batch)
        while found >= size:
            whole = joined(waiting)
            yield take(whole, range(size), found)
            rest = take(whole, range(size, found), found)
            found -= size
            waiting = [rest] if found else []
    if waiting:
        yield joined(waiting)


def copied(value: Any) -> Any:
    """A copy that may be worked on in place; what is neither array nor nesting is shared."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, tuple):
        return tuple(copied(item) for item in value)
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return value


def bytes_of(value: Any) -> int:
    """What the arrays of a batch take."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, tf.Tensor):
        return int(value.shape.num_elements() or 0) * int(value.dtype.size)
    if isinstance(value, dict):
        return sum(map(bytes_of, value.values()))
    return sum(map(bytes_of, value)) if isinstance(value, list | tuple) else 0


def ids_of(part: Any, images: int) -> list[Hashable] | None:
    """A part of a batch as something to tell images by; ``None`` where it has none for each."""
    if isinstance(part, tf.Tensor):
        part = part.numpy()
    if not isinstance(part, list | tuple | np.ndarray) or len(part) != images:
        return None
    items = part.tolist() if isinstance(part, np.ndarray) else list(part)
    plain = [item.item() if isinstance(item, np.generic) else item for item in items]
    return plain if all(isinstance(item, Hashable) for item in plain) else None


def find_ids(batches: Iterable[Rows], known: Collection[Hashable]) -> tuple[int, set[Hashable]]:
    """Which part of the batches says which images they hold, and which those are.

    That part has a known id for every image, and seldom the same twice, as class numbers would be.

    Returns:
        The position of the part and the ids in it; 0 and no ids where there is no such part.
    """
    ids: dict[int, list[Hashable]] = {}
    total = 0
    for batch in batches:
        images = count_of(batch)
        total += images
        for position, part in enumerate(batch[1:], 1):
            found = ids_of(part, images)
            ids.setdefault(position, []).extend(found or [])
    for position, found in ids.items():
        different = {one for one in found if one in known}
        if len(found) == total and 2 * len(different) > total and different >= set(found):
            return position, different
    return 0, set()


class Kept:
    """Batches that are read once and then come from memory, as copies.

    Args:
        read: reads them from the beginning.
        limit: bytes; larger ones are read anew every time.
    """

    def __init__(self, read: Callable[[], Iterator[Rows]], limit: int) -> None:
        self._read = read
        self._limit = limit
        self._kept: list[Rows] | None = None
        self.fits = True

    def __iter__(self) -> Iterator[Rows]:
        if self._kept is not None:
            yield from map(copied, self._kept)
            return
        kept: list[Rows] = []
        size = 0
        for batch in self._read():
            size += bytes_of(batch)
            self.fits = self.fits and size <= self._limit
            kept = kept if self.fits else []
            kept.append(batch)
            yield copied(batch)
        if self.fits:
            self._kept = kept
