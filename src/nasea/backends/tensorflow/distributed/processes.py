"""Starting the processes of a run, or joining those that a launcher started, with TensorFlow."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from nasea.backends.distributed.hub import Hub
from nasea.backends.distributed.hub_client import HubClient
from nasea.backends.distributed.launch import (
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
from nasea.backends.distributed.wire import HubError, new_key
from nasea.backends.tensorflow.devices import open_device
from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks
from nasea.config import Scenario

_FOLLOWER = "nasea.backends.tensorflow.distributed.follower"


def spawn(scenario: Scenario, on_stop: Callable[[], None]) -> tuple[TensorFlowRanks, Children]:
    """Start a process for each id of ``resource.gpu_id`` except the first, which is this process's.

    Raises:
        NotAvailableError: TensorFlow was used in this process before.
        RankLostError: a process does not start.
    """
    ids = scenario.resource.gpu_ids
    size = len(ids)
    device = open_device(scenario, [], 0, size)
    hub = Hub(LOOPBACK, 0, size)
    key = new_key()
    settings = {"port": hub.port, "key": key, "scenario": scenario.to_dict()}
    with start_processes(_FOLLOWER, ids, settings, {}) as children:
        await_ready(hub, children)
        ranks = TensorFlowRanks(
            0,
            size,
            0,
            size,
            hub,
            _free_address(LOOPBACK),
            device,
            scenario.resource.timeout,
            key,
            on_stop,
            children.exit_reason,
        )
    return ranks, children


def join_spawned(settings: Mapping[str, Any]) -> TensorFlowRanks:
    """Join the run as a process that :func:`spawn` started."""
    scenario = Scenario.from_dict(settings["scenario"])
    rank, size = settings["rank"], len(scenario.resource.gpu_ids)
    device = open_device(scenario, [], rank, size)
    hub = HubClient(LOOPBACK, settings["port"], rank, START_SECONDS)
    report_ready(hub, rank)
    address, timeout = _free_address(LOOPBACK), scenario.resource.timeout
    return TensorFlowRanks(rank, size, rank, size, hub, address, device, timeout, settings["key"])


def join_launched(
    scenario: Scenario, on_stop: Callable[[], None] = lambda: None
) -> TensorFlowRanks:
    """Join the run as a process that a launcher started, or that TF_CONFIG names.

    Raises:
        NotAvailableError: the processes cannot connect to each other, or TensorFlow was used in
            this process before.
        RankLostError: another rank does not join in time.
    """
    launch = current_launch()
    assert launch is not None, "asked only where there is a launcher"
    device = open_device(scenario, [], launch.local_rank, launch.local_size)
    single_machine = launch.size == launch.local_size
    hub: Hub | HubClient
    try:
        if launch.rank == 0:
            hub = Hub(LOOPBACK if single_machine else "", launch.port, launch.size)
            host = launch.host
        else:
            hub = HubClient(launch.host, launch.port, launch.rank, START_SECONDS)
            host = hub.host
    except (OSError, HubError) as error:
        raise rendezvous_error(launch, error) from error
    address = _free_address(LOOPBACK if single_machine else host)
    if launch.own is not None:
        address = f"{launch.own[0]}:{launch.own[1]}"
    hide_launch_variables(os.environ)
    return TensorFlowRanks(
        launch.rank,
        launch.size,
        launch.local_rank,
        launch.local_size,
        hub,
        address,
        device,
        scenario.resource.timeout,
        on_stop=on_stop,
    )


def _free_address(host: str) -> str:
    """Return a free address, ``host:port``; TensorFlow's server cannot choose one itself."""
    with closing(socket.socket()) as trial:
        trial.bind(("", 0))
        return f"{host}:{trial.getsockname()[1]}"
