"""Which GPUs a process sees: CUDA_VISIBLE_DEVICES, set before the framework starts CUDA."""

from __future__ import annotations

import os
from functools import cache

from nasea.errors import NotAvailableError

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def show_only(gpu_id: int) -> None:
    """Make one device visible to CUDA; user modules call a bare ``.cuda()``.

    Args:
        gpu_id: position of the device among those that were visible at first, from 0.

    Raises:
        NotAvailableError: there are visible devices, but not as many.
    """
    os.environ[_VISIBLE] = choose_visible(_visible_at_first(), gpu_id)


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


def require_one_each(gpu_ids: tuple[int, ...], local_rank: int) -> None:
    """Raise NotAvailableError where a process of a launcher has no device of its own.

    Args:
        gpu_ids: the devices of each machine.
        local_rank: which process of its machine this is.
    """
    if local_rank >= len(gpu_ids):
        raise NotAvailableError(
            f"resource.gpu_id names {len(gpu_ids)} devices, but more processes of the run were "
            "started on this machine",
            fix="name a device for each process of a machine, or start one for each device",
        )


@cache
def _visible_at_first() -> str | None:
    # Kept, since a process may open a device again once the variable holds what nasea wrote.
    return os.environ.get(_VISIBLE)
