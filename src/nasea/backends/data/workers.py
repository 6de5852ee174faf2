"""How many processes load data: what keeps loading from holding up what uses the images."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

LOADING_SHARE = 0.1
"""Loading moves to worker processes where it takes more than this share of a training step."""

_SHARED_MEMORY = Path("/dev/shm")
_SHARED_SHARE = 0.5
_AHEAD = 2
"""Batches that each worker has ready, as ``torch.utils.data.DataLoader`` has it."""


def usable_cores() -> int:
    """Return the number of cores that this process may use, its CPU affinity considered."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def most_workers(local_processes: int, batch_bytes: int = 0) -> int:
    """Return workers that one process may have.

    Args:
        local_processes: of this run on this machine; they share its cores.
        batch_bytes: of a batch; those that are ready lie in shared memory, which containers often
            have little of.
    """
    cores = max(1, usable_cores() // local_processes)
    if batch_bytes and _SHARED_MEMORY.is_dir():
        free = _SHARED_SHARE * shutil.disk_usage(_SHARED_MEMORY).free / local_processes
        cores = min(cores, int(free // ((1 + _AHEAD) * batch_bytes)))
    return cores


def wanted_workers(load_seconds: float, step_seconds: float, most: int) -> int:
    """Choose enough workers that training does not wait for loading; 0 if loading is fast.

    Args:
        load_seconds: what one process takes to load a batch.
        step_seconds: of training on it.
        most: how many there may be; a core of them is left to training where that can be.
    """
    share = load_seconds / max(step_seconds, 1e-9)
    if share <= LOADING_SHARE:
        return 0
    return min(math.ceil(share), max(most - 1, 1)) if most else 0
