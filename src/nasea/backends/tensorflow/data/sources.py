"""Sources of training data, read from the start: a ``tf.data`` pipeline or a generator."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from nasea.backends.tensorflow.data.private_draws import PrivateDraws

AHEAD = 2
"""Batches of a pipeline that are prefetched."""

_PATIENCE = 100
"""Consecutive batches without an image (all cropped away, perhaps) that are skipped."""


_SHARD: ContextVar[tuple[int, int]] = ContextVar("shard", default=(1, 0))


@contextmanager
def sharding(size: int, rank: int) -> Iterator[None]:
    """Build nasea's own data sets for one rank only, within the context.

    Args:
        size: number of ranks, which take batches of the data set in turn.
        rank: the rank, from 0, which needs the images of its own batches only.
    """
    token = _SHARD.set((size, rank))
    try:
        yield
    finally:
        _SHARD.reset(token)


def current_shard() -> tuple[int, int]:
    """Return the arguments of :func:`sharding`; (1, 0) if one rank needs all images."""
    return _SHARD.get()


class Source(Protocol):
    """Training data as ``build_dataset_search`` returned it; can be read once."""

    @property
    def images(self) -> int:
        """Number of images in one pass, as stated by the user."""

    @property
    def most(self) -> int | None:
        """Maximum number of batches; ``None`` if unknown."""

    @property
    def fixed_size(self) -> bool:
        """Whether every batch has the same number of images."""

    def reader(self, ahead: bool = False) -> AbstractContextManager[Iterator[Any]]:
        """Provide an iterator over the unchanged elements.

        Args:
            ahead: whether to prefetch, if possible.
        """


class PipelineSource:
    """A ``tf.data`` pipeline; see :class:`Source`.

    Args:
        dataset: the batched data set.
        images: number of images in one pass.
    """

    def __init__(self, dataset: Any, images: int) -> None:
        self._dataset = without_injection(dataset)
        self.images = images

    @property
    def most(self) -> int | None:
        """See :class:`Source`."""
        batches = int(self._dataset.cardinality())
        return batches if batches >= 0 else None

    @property
    def fixed_size(self) -> bool:
        """See :class:`Source`."""
        shape = tf.nest.flatten(self._dataset.element_spec)[0].shape
        return bool(shape.rank and shape[0])

    def reader(self, ahead: bool = False) -> AbstractContextManager[Iterator[Any]]:
        """See :class:`Source`."""
        return read(self._dataset.prefetch(AHEAD) if ahead else self._dataset)


class GeneratorSource:
    """A Python generator with a random state of its own; see :class:`Source`.

    It is read in this thread: two threads cannot share the global random state.

    Args:
        generator: yields batches.
        images: number of images in one pass.
        draws: its random state; the generator was created with it.
    """

    most: int | None = None
    fixed_size = False

    def __init__(self, generator: Iterable[Any], images: int, draws: PrivateDraws) -> None:
        self._generator = generator
        self.images = images
        self._draws = draws

    @contextmanager
    def reader(self, ahead: bool = False) -> Iterator[Iterator[Any]]:
        """See :class:`Source`."""
        batches = self._batches()
        try:
            yield batches
        finally:
            batches.close()

    def _batches(self) -> Generator[Any, None, None]:
        end = object()
        empty = 0
        with self._draws.entered():
            source = iter(self._generator)
        while True:
            with self._draws.entered():
                batch = next(source, end)
            if batch is end:
                return
            empty = empty + 1 if _is_empty(batch) else 0
            if not 0 < empty < _PATIENCE:
                yield batch


@contextmanager
def read(dataset: Any) -> Iterator[Iterator[Any]]:
    """Provide an iterator over a pipeline, and drop it in another thread on exit.

    Dropping it waits for the thread that tunes the pipeline, which wakes up less and less often:
    this could take seconds at the end of every epoch.
    """
    held = [iter(dataset)]

    def batches() -> Generator[Any, None, None]:
        while (batch := next(held[0], None)) is not None:
            yield batch

    reading = batches()
    try:
        yield reading
    finally:
        reading.close()
        threading.Thread(target=held.clear, daemon=True).start()


def without_injection(dataset: Any) -> Any:
    """Return the pipeline without the prefetching that TensorFlow adds by default.

    It would draw random numbers for batches that are never requested.
    """
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False
    return dataset.with_options(options)


def _is_empty(batch: Any) -> bool:
    images = batch[0] if isinstance(batch, list | tuple) and batch else batch
    return isinstance(images, np.ndarray | list) and len(images) == 0
