"""What of ``torch.distributed`` is used: stores and process groups, none of them registered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch.distributed

# Its names are Any: torch does not annotate where they come from.
_dist: Any = torch.distributed

Store = Any
"""Keys and values that all processes of a run reach."""

Group = Any
"""A process group; its operations give something to wait for."""


def open_store(host: str, port: int, seconds: float, *, serves: bool) -> Store:
    """A store at ``host``, kept by one process, which waits for nobody.

    Args:
        host: address of the process that keeps it.
        port: where it listens; 0 for any that is free.
        seconds: how long to try to reach it.
        serves: whether this is the process that keeps it.
    """
    wait = timedelta(seconds=seconds)
    return _dist.TCPStore(host, port, None, serves, wait, wait_for_workers=False)


def meet_by_environment(rank: int, size: int, seconds: float) -> Store:
    """The store that ``torchrun`` announces; its agent may keep one."""
    store, _, _ = next(_dist.rendezvous("env://", rank, size, timeout=timedelta(seconds=seconds)))
    return store


def within(store: Store, prefix: str) -> Store:
    """A part of a store, whose keys are its own."""
    return _dist.PrefixStore(prefix, store)


def gloo_group(store: Store, rank: int, size: int, host: str | None, seconds: float) -> Group:
    """A group for tensors on the CPU.

    Args:
        store: where the processes find each other.
        rank: this process, from 0.
        size: of how many.
        host: address to listen at; ``None`` for what the machine's name stands for, or the network
            interface that GLOO_SOCKET_IFNAME names.
        seconds: after which an operation that others do not join fails.
    """
    gloo = _dist.ProcessGroupGloo
    if host is None:
        return gloo(store, rank, size, timedelta(seconds=seconds))
    options = gloo._Options()
    options._timeout = timedelta(seconds=seconds)
    options._devices = [gloo.create_device(hostname=host)]
    return gloo(store, rank, size, options)


def nccl_group(store: Store, rank: int, size: int, seconds: float) -> Group:
    """A group for tensors on GPUs; arguments as of :func:`gloo_group`."""
    options = _dist.ProcessGroupNCCL.Options()
    options._timeout = timedelta(seconds=seconds)
    return _dist.ProcessGroupNCCL(store, rank, size, options)
