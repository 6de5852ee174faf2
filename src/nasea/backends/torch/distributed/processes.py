"""Starting the processes of a run, or joining those that a launcher started, with PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch

from nasea.backends.distributed.launch import (
    Launch,
    current_launch,
    hide_launch_variables,
    rendezvous_error,
)
from nasea.backends.distributed.processes import (
    LOOPBACK,
    START_SECONDS,
    Children,
    await_ready,
    report_ready,
    start_processes,
)
from nasea.backends.distributed.wire import new_key
from nasea.backends.torch.distributed.ranks import TorchRanks
from nasea.backends.torch.distributed.transport import (
    Store,
    open_store,
    prefixed,
    rendezvous_from_environment,
)
from nasea.config import Scenario

_FOLLOWER = "nasea.backends.torch.distributed.follower"


def spawn(scenario: Scenario, on_stop: Callable[[], None]) -> tuple[TorchRanks, Children]:
    """Start a process for each id of ``resource.gpu_id`` except the first, which is this process's.

    Raises:
        RankLostError: a process does not start.
    """
    ids = scenario.resource.gpu_ids
    share_threads(scenario, len(ids))
    store = open_store(LOOPBACK, 0, START_SECONDS, serves=True)
    key = new_key()
    timeout = scenario.resource.timeout
    settings = {"port": store.port, "size": len(ids), "timeout": timeout, "key": key}
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    with start_processes(_FOLLOWER, ids, settings, threads) as children:
        await_ready(store, children)
        ranks = TorchRanks(
            0,
            len(ids),
            0,
            len(ids),
            store,
            LOOPBACK,
            timeout,
            key,
            on_stop,
            children.exit_reason,
        )
    return ranks, children


def join_spawned(settings: Mapping[str, Any]) -> TorchRanks:
    """Join the run as a process that :func:`spawn` started."""
    store = open_store(LOOPBACK, settings["port"], START_SECONDS, serves=False)
    report_ready(store, settings["rank"])
    rank, size = settings["rank"], settings["size"]
    timeout, key = settings["timeout"], settings["key"]
    return TorchRanks(rank, size, rank, size, store, LOOPBACK, timeout, key)


def join_launched(scenario: Scenario, on_stop: Callable[[], None] = lambda: None) -> TorchRanks:
    """Join the run as a process that ``torchrun`` or another launcher started.

    Raises:
        NotAvailableError: the processes cannot connect to each other.
        RankLostError: another rank does not join in time.
    """
    launch = current_launch()
    assert launch is not None, "asked only where there is a launcher"
    share_threads(scenario, launch.local_size)
    try:
        meeting, number = _job_store(launch), next(_SESSIONS)
    except RuntimeError as error:
        raise rendezvous_error(launch, error) from error
    hide_launch_variables(os.environ)
    return TorchRanks(
        launch.rank,
        launch.size,
        launch.local_rank,
        launch.local_size,
        prefixed(meeting, f"nasea/{number}"),
        LOOPBACK if launch.size == launch.local_size else None,
        scenario.resource.timeout,
        on_stop=on_stop,
    )


def share_threads(scenario: Scenario, processes: int) -> None:
    """Divide the cores of this machine among its processes, unless ``resource.threads`` is set."""
    if scenario.resource.threads is None:
        fair = max(1, (os.cpu_count() or 1) // processes)
        torch.set_num_threads(min(torch.get_num_threads(), fair))


@cache
def _job_store(launch: Launch) -> Store:
    """Return the store that all processes of a job reach; opened once for all runs of the job."""
    if launch.launcher == "torchrun":
        return rendezvous_from_environment(launch.rank, launch.size, START_SECONDS)
    return open_store(launch.host, launch.port, START_SECONDS, serves=launch.rank == 0)


_SESSIONS = iter(range(2**31))
