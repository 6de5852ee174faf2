"""Splits and joins batches, whatever their structure.

A batch is a nesting of arrays with the images along their first axis, and of lists with one item
per image. Anything else belongs to the whole batch and is passed on unchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.packing import ALIGNMENT
from nasea.backends.tensorflow.data.cached_items import BatchSplitter

Batch = tuple[Any, ...]
"""A batch, with the images first."""


def as_batch(element: Any) -> Batch:
    """Return the output of a generator, which may yield images only, as a tuple."""
    return tuple(element) if isinstance(element, list | tuple) else (element,)


def count_of(batch: Batch) -> int:
    """Return the number of images in a batch."""
    return len(batch[0])


def take(value: Any, where: Sequence[int], images: int) -> Any:
    """Return some images of a batch, or of a part of one.

    Args:
        value: the batch or the part.
        where: indices of the images.
        images: number of images in it.
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
    """Concatenate parts that :func:`take` took from batches of one structure."""
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


def copied(value: Any) -> Any:
    """Copy arrays and nesting, so that they can be changed in place; anything else is shared."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, tuple):
        return tuple(copied(item) for item in value)
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return value


def ids_of(part: Any, images: int) -> list[Hashable] | None:
    """Return a part of a batch as ids of its images; ``None`` if there is not one per image."""
    if isinstance(part, tf.Tensor):
        part = part.numpy()
    if not isinstance(part, list | tuple | np.ndarray) or len(part) != images:
        return None
    items = part.tolist() if isinstance(part, np.ndarray) else list(part)
    plain = [item.item() if isinstance(item, np.generic) else item for item in items]
    return plain if all(isinstance(item, Hashable) for item in plain) else None


def find_ids(batches: Iterable[Batch], known: Collection[Hashable]) -> tuple[int, set[Hashable]]:
    """Find the part of the batches that holds image ids.

    That part has a known id for every image and, unlike class numbers, few duplicates.

    Returns:
        The position of the part and the ids in it; 0 and no ids if there is no such part.
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


def forms_of(value: Any) -> Any:
    """Return the shapes and types of the arrays of a batch, without the number of images."""
    if isinstance(value, np.ndarray | tf.Tensor):
        return tuple(value.shape[1:]), str(value.dtype)
    if isinstance(value, dict):
        return tuple((key, forms_of(item)) for key, item in value.items())
    if isinstance(value, tuple):
        return tuple(map(forms_of, value))
    return type(value)


class GeneratorBatchSplitter(BatchSplitter):
    """A splitter of batches as a Python generator yields them."""

    def count(self, batch: Any) -> int:
        """See :class:`BatchSplitter`."""
        return count_of(batch)

    def split(self, batch: Any, where: Sequence[int]) -> list[Any]:
        """See :class:`BatchSplitter`."""
        images = count_of(batch)
        return [take(batch, [i], images) for i in where]

    def join(self, examples: Sequence[Any]) -> Any:
        """See :class:`BatchSplitter`."""
        return copied(joined(examples))

    def form(self, example: Any) -> object:
        """See :class:`BatchSplitter`."""
        return forms_of(example)


class PipelineBatchSplitter(BatchSplitter):
    """A splitter of batches (images, labels) as a ``tf.data`` pipeline yields them."""

    def count(self, batch: Any) -> int:
        """See :class:`BatchSplitter`."""
        return int(batch[0].shape[0])

    def split(self, batch: Any, where: Sequence[int]) -> list[Any]:
        """See :class:`BatchSplitter`: tensors become arrays."""
        every = len(where) == self.count(batch)

        def some(leaf: Any) -> Any:
            if not isinstance(leaf, tf.Tensor):
                return tf.gather(leaf, list(where))
            # A view would keep the whole batch in memory.
            return leaf.numpy() if every else leaf.numpy()[list(where)]

        taken = tf.nest.map_structure(some, batch)
        return [
            tf.nest.map_structure(lambda leaf, i=i: leaf[i : i + 1], taken)
            for i in range(len(where))
        ]

    def join(self, examples: Sequence[Any]) -> Any:
        """See :class:`BatchSplitter`."""

        def together(*leaves: Any) -> Any:
            if isinstance(leaves[0], np.ndarray):
                return tf.convert_to_tensor(np.concatenate(leaves))
            return tf.concat(leaves, 0)

        return tf.nest.map_structure(together, *examples)

    def form(self, example: Any) -> object:
        """See :class:`BatchSplitter`."""
        leaves = tf.nest.flatten(example)
        return [(tuple(leaf.shape[1:]), str(leaf.dtype)) for leaf in leaves]


def as_tensor(array: np.ndarray) -> Any:
    """Return the array as a tensor that may share its memory: neither may be written to."""
    # TensorFlow needs aligned memory and otherwise aborts the process.
    if array.ctypes.data % ALIGNMENT or not array.flags.c_contiguous or not array.size:
        return tf.convert_to_tensor(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def plain(labels: Any) -> Any:
    """Return labels with tensors replaced by arrays."""
    if isinstance(labels, tf.Tensor):
        return labels.numpy()
    if isinstance(labels, list | tuple):
        return [plain(each) for each in labels]
    if isinstance(labels, dict):
        return {key: plain(each) for key, each in labels.items()}
    return labels
