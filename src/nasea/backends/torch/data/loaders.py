"""Opens data loaders whose worker processes ignore Ctrl-C, which the main process handles."""

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
    """Return a loader of given batches; its own random draws have no effect.

    Args:
        dataset: the data set.
        batches: the indices of each batch; iterated again in every pass.
        workers: number of worker processes; 0 to load in this process.
        collate: collates items into a batch; ``None`` for torch's function.
        persistent: whether workers persist between passes.
        pinned: whether to put batches into pinned memory, for a GPU.
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

    The main process still needs the worker to finish the update; then it saves and stops.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
