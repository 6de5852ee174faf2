"""Opens data loaders whose processes leave Ctrl-C to the process they read for."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from nasea.backends.torch.data.collating import Collate


def open_loader(
    dataset: Dataset[Any],
    batches: Iterable[list[int]],
    workers: int,
    collate: Collate | None,
    *,
    persistent: bool = False,
    pinned: bool = False,
) -> DataLoader[Any]:
    """Return a loader of given batches; its own random draws decide nothing.

    Args:
        dataset: gives the items.
        batches: the indices of each batch; read anew in every pass.
        workers: how many processes load; 0 for this one.
        collate: makes a batch of items; ``None`` for that of torch.
        persistent: whether workers live from one pass to the next.
        pinned: whether batches are put where a GPU reads them fast.
    """
    return DataLoader(
        dataset,
        batch_sampler=batches,
        num_workers=workers,
        persistent_workers=persistent and workers > 0,
        worker_init_fn=_leave_interrupts_to_parent,
        collate_fn=collate,
        pin_memory=pinned,
        generator=torch.Generator(),
    )


def _leave_interrupts_to_parent(worker: int) -> None:
    """Ignore Ctrl-C, which a terminal sends to all processes.

    The process that the worker reads for finishes the update with its help, saves and stops.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
