"""Random draws inside a data set, tied to the batch and not to the process that loads it.

Augmentations draw from the global generators of Python, NumPy and torch. Here these are seeded for
every batch by what the batch is, so that a batch looks the same whether the main process or any of
several workers makes it, and whether or not the batches before it were made in this process.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

from nasea.backends.torch.devices import seed_everything
from nasea.backends.user.failing_item import add_item_note
from nasea.backends.user.module import text_of


class Seeded(Dataset[Any]):
    """The user's data set, read a batch at a time under a seed.

    Args:
        dataset: the user's.
        seed: what the draws of every batch depend on, besides its images.
    """

    def __init__(self, dataset: Dataset[Any], *seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return the items of a batch."""
        with draws_kept():
            seed_everything(*self.seed, *indices[:2])  # no two batches of an epoch begin alike
            return read_items(self.dataset, indices)

    def __getitem__(self, index: int) -> Any:
        """Return one item without a seed of its own; the loader asks for batches."""
        return self.dataset[index]

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]


class SeededByEpoch(Seeded):
    """The same, where a batch names its epoch, before its items: so workers can outlive epochs."""

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return the items of a batch, of which the first number is the epoch."""
        epoch, *items = indices
        with draws_kept():
            seed_everything(*self.seed, epoch, *items[:2])
            return read_items(self.dataset, items)


def read_items(dataset: Dataset[Any], indices: Sequence[int]) -> list[Any]:
    """Return items of the user's data set, which may give a batch of them at once."""
    together = getattr(dataset, "__getitems__", None)
    return list(together(indices)) if together else [_item(dataset, i) for i in indices]


@contextmanager
def draws_kept() -> Iterator[None]:
    """Restore the global generators on exit, except in a worker, where nothing else draws."""
    if get_worker_info() is not None:
        yield
        return
    before = (random.getstate(), np.random.get_state(), torch.get_rng_state())
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])


def _item(dataset: Dataset[Any], index: int) -> Any:
    try:
        return dataset[index]
    except StopIteration as error:  # to a loop over batches it would mean the end of the data
        clear = RuntimeError(f"__getitem__({index}) raised StopIteration: {text_of(error)}")
        raise clear.with_traceback(error.__traceback__) from None
    except Exception as error:
        add_item_note(error, index)
        raise
