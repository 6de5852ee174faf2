"""Restricts the GPUs a process sees: sets CUDA_VISIBLE_DEVICES before CUDA starts."""

from __future__ import annotations

import os
from functools import cache

from nasea.errors import NotAvailableError

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def show_only(gpu_id: int) -> None:
    """Make one device visible to CUDA, since user modules call ``.cuda()`` without a device.

    Args:
        gpu_id: index of the device among those visible when the process started, from 0.

    Raises:
        NotAvailableError: there are visible devices, but ``gpu_id`` is beyond them.
    """
    os.environ[_VISIBLE] = choose_visible(_visible_at_first(), gpu_id)


def choose_visible(visible: str | None, gpu_id: int) -> str:
    """Return the value of CUDA_VISIBLE_DEVICES that leaves the device ``gpu_id`` alone visible.

    Args:
        visible: the variable as the user set it: device numbers or names, separated by commas,
            or empty for no devices; ``None`` if unset. CUDA stops at the first entry that is empty
            or negative.
        gpu_id: index of the device among the visible ones, from 0.

    Raises:
        NotAvailableError: there are visible devices, but ``gpu_id`` is beyond them.
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


def require_own_device(gpu_ids: tuple[int, ...], local_rank: int) -> None:
    """Raise NotAvailableError if a launcher started more processes than there are devices.

    Args:
        gpu_ids: the devices of each machine.
        local_rank: rank of this process on its machine, from 0.
    """
    if local_rank >= len(gpu_ids):
        raise NotAvailableError(
            f"resource.gpu_id names {len(gpu_ids)} devices, but more processes of the run were "
            "started on this machine",
            fix="name a device for each process of a machine, or start one for each device",
        )


@cache
def _visible_at_first() -> str | None:
    # Cached: a process may open a device again after nasea has overwritten the variable.
    return os.environ.get(_VISIBLE)
