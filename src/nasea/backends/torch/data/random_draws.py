"""Makes random draws in a data set depend on the batch, not on the process that loads it.

Augmentations draw from the global generators of Python, NumPy and torch. These are seeded for every
batch according to its content. So a batch is the same whether the main process or any worker loads
it, and whether or not the previous batches were loaded in the same process.
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
    """The user's data set, read batch by batch with a seed.

    Args:
        dataset: the user's data set.
        seed: the seed of every batch, in addition to its image indices.
    """

    def __init__(self, dataset: Dataset[Any], *seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return the items of a batch."""
        with draws_kept():
            seed_everything(*self.seed, *indices[:2])  # unique within an epoch
            return read_items(self.dataset, indices)

    def __getitem__(self, index: int) -> Any:
        """Return one item without a seed of its own; the loader requests batches."""
        return self.dataset[index]

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]


class SeededByEpoch(Seeded):
    """The same, but each batch starts with its epoch, so that workers can outlive epochs."""

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return the items of a batch, whose first number is the epoch."""
        epoch, *items = indices
        with draws_kept():
            seed_everything(*self.seed, epoch, *items[:2])
            return read_items(self.dataset, items)


def read_items(dataset: Dataset[Any], indices: Sequence[int]) -> list[Any]:
    """Return items of the user's data set, which may return a whole batch at once."""
    together = getattr(dataset, "__getitems__", None)
    return list(together(indices)) if together else [_item(dataset, i) for i in indices]


@contextmanager
def draws_kept() -> Iterator[None]:
    """Restore the global generators on exit; not in a worker, which draws for nothing else."""
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
    except StopIteration as error:  # a loop over batches would take it for the end of the data
        clear = RuntimeError(f"__getitem__({index}) raised StopIteration: {text_of(error)}")
        raise clear.with_traceback(error.__traceback__) from None
    except Exception as error:
        add_item_note(error, index)
        raise
