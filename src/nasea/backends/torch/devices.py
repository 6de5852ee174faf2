"""Device, threads and random generators of one process."""

from __future__ import annotations

import os
import random
from functools import cache

import numpy as np
import torch

from nasea.config import Scenario
from nasea.errors import NotAvailableError, Notice

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def open_device(scenario: Scenario, notices: list[Notice]) -> torch.device:
    """The device of this run; falls back to the CPU with a notice where there is no CUDA.

    CUDA_VISIBLE_DEVICES is narrowed to the first of ``resource.gpu_id`` before CUDA starts, since
    user modules call a bare ``.cuda()``.

    Raises:
        NotAvailableError: CUDA was asked for and is not there, or the id is beyond those that
            CUDA_VISIBLE_DEVICES leaves.
    """
    resource = scenario.resource
    if len(resource.gpu_ids) > 1:
        notices.append(
            Notice(
                "resource.gpu_id",
                f"this version trains on one device; {resource.gpu_ids[0]} of "
                f"{list(resource.gpu_ids)} is used",
            )
        )
    if resource.device != "cpu" and not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        os.environ[_VISIBLE] = choose_visible(_visible_at_first(), resource.gpu_ids[0])
    threads = resource.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    if resource.device == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if resource.device == "cuda":
        raise NotAvailableError(
            "resource.device: cuda was asked for, but CUDA is not available",
            fix="use device: auto or cpu",
        )
    notices.append(Notice("resource", "no CUDA device: running on the CPU"))
    return torch.device("cpu")


def choose_visible(visible: str | None, gpu_id: int) -> str:
    """What CUDA_VISIBLE_DEVICES must be for the device ``gpu_id`` to be the only one.

    Args:
        visible: the variable as the user set it, if it is set: device numbers or names separated
            by commas, none if empty. CUDA reads it up to the first that is empty or negative.
        gpu_id: position of the device among the visible ones, from 0.

    Raises:
        NotAvailableError: there are visible devices, but not as many.
    """
    if visible is None:
        return str(gpu_id)
    devices: list[str] = []
    for device in map(str.strip, visible.split(",")):
        if not device or device.startswith("-"):
            break
        devices.append(device)
    if not devices:
        return visible
    if gpu_id >= len(devices):
        ids = ", ".join(map(str, range(len(devices))))
        raise NotAvailableError(
            f"resource.gpu_id: there is no device {gpu_id}: {_VISIBLE} is {visible}, which leaves "
            f"the ids {ids}",
            fix=f"resource.gpu_id counts within {_VISIBLE}, from 0: use one of {ids}",
        )
    return devices[gpu_id]


@cache
def _visible_at_first() -> str | None:
    # Kept, since a process may open a device again once the variable holds what nasea wrote.
    return os.environ.get(_VISIBLE)


def seed_everything(*seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators, which user code draws from."""
    state = np.random.SeedSequence(seed).generate_state(3)
    random.seed(int(state[0]))
    np.random.seed(int(state[1]))
    torch.manual_seed(int(state[2]))


def move(value: object, device: torch.device) -> object:
    """Every tensor of a nesting of dicts, lists and tuples on ``device``."""
    if isinstance(value, torch.Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: move(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        moved = [move(item, device) for item in value]
        return moved if isinstance(value, list) else tuple(moved)
    return value
