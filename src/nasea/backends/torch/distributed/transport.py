"""The parts of ``torch.distributed`` in use: stores, and process groups that are not registered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch.distributed

# Any, since torch does not annotate these names.
_dist: Any = torch.distributed

Store = Any
"""A key-value store that all processes of a run reach."""

Group = Any
"""A process group; its operations return work handles to wait for."""


def open_store(host: str, port: int, seconds: float, *, serves: bool) -> Store:
    """Open the store that one process serves at ``host``; does not wait for other processes.

    Args:
        host: address of the process that serves it.
        port: port on which it listens; 0 for any free one.
        seconds: how long to try to connect.
        serves: whether this process serves it.
    """
    wait = timedelta(seconds=seconds)
    return _dist.TCPStore(host, port, None, serves, wait, wait_for_workers=False)


def rendezvous_from_environment(rank: int, size: int, seconds: float) -> Store:
    """Return the store that ``torchrun`` announces in the environment; its agent may serve it."""
    store, _, _ = next(_dist.rendezvous("env://", rank, size, timeout=timedelta(seconds=seconds)))
    return store


def prefixed(store: Store, prefix: str) -> Store:
    """Return a view of a store in which all keys begin with ``prefix``."""
    return _dist.PrefixStore(prefix, store)


def gloo_group(store: Store, rank: int, size: int, host: str | None, seconds: float) -> Group:
    """Make a process group for tensors on the CPU.

    Args:
        store: where the processes find each other.
        rank: this process, from 0.
        size: number of processes.
        host: address to listen on; ``None`` for that of the machine's host name, or of the network
            interface that GLOO_SOCKET_IFNAME names.
        seconds: time after which an operation fails that the other processes do not join.
    """
    gloo = _dist.ProcessGroupGloo
    if host is None:
        return gloo(store, rank, size, timedelta(seconds=seconds))
    options = gloo._Options()
    options._timeout = timedelta(seconds=seconds)
    options._devices = [gloo.create_device(hostname=host)]
    return gloo(store, rank, size, options)


def nccl_group(store: Store, rank: int, size: int, seconds: float) -> Group:
    """Make a process group for tensors on GPUs; arguments as for :func:`gloo_group`."""
    options = _dist.ProcessGroupNCCL.Options()
    options._timeout = timedelta(seconds=seconds)
    return _dist.ProcessGroupNCCL(store, rank, size, options)
