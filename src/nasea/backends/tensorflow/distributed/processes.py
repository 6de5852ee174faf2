"""Starting the processes of a run, or joining those that a launcher started, with TensorFlow."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from nasea.backends.distributed.hub import Hub
from nasea.backends.distributed.hub_client import HubClient
from nasea.backends.distributed.launch import conceal, launched, not_meeting
from nasea.backends.distributed.processes import (
    LOOPBACK,
    START_SECONDS,
    Children,
    await_all,
    come_up,
    starting,
)
from nasea.backends.distributed.wire import HubError, new_key
from nasea.backends.tensorflow.devices import open_device
from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks
from nasea.config import Scenario

_FOLLOWER = "nasea.backends.tensorflow.distributed.follower"


def spawn(scenario: Scenario, on_stop: Callable[[], None]) -> tuple[TensorFlowRanks, Children]:
    """Start a process for each of ``resource.gpu_id`` but the first, which is this one's.

    Raises:
        NotAvailableError: TensorFlow was used in this process before.
        RankLostError: one does not come up.
    """
    ids = scenario.resource.gpu_ids
    size = len(ids)
    device = open_device(scenario, [], 0, size)
    hub = Hub(LOOPBACK, 0, size)
    key = new_key()
    settings = {"port": hub.port, "key": key, "scenario": scenario.to_dict()}
    with starting(_FOLLOWER, ids, settings, {}) as children:
        await_all(hub, children)
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
            children.fate,
        )
    return ranks, children


def join_spawned(settings: Mapping[str, Any]) -> TensorFlowRanks:
    """Join as what :func:`spawn` started."""
    scenario = Scenario.from_dict(settings["scenario"])
    rank, size = settings["rank"], len(scenario.resource.gpu_ids)
    device = open_device(scenario, [], rank, size)
    hub = HubClient(LOOPBACK, settings["port"], rank, START_SECONDS)
    come_up(hub, rank)
    address, timeout = _free_address(LOOPBACK), scenario.resource.timeout
    return TensorFlowRanks(rank, size, rank, size, hub, address, device, timeout, settings["key"])


def join_launched(
    scenario: Scenario, on_stop: Callable[[], None] = lambda: None
) -> TensorFlowRanks:
    """Join as one of those that a launcher started, or that TF_CONFIG names.

    Raises:
        NotAvailableError: they do not meet, or TensorFlow was used in this process before.
        RankLostError: the others do not come.
    """
    launch = launched()
    assert launch is not None, "asked only where there is a launcher"
    device = open_device(scenario, [], launch.local_rank, launch.local_size)
    alone_here = launch.size == launch.local_size
    hub: Hub | HubClient
    try:
        if launch.rank == 0:
            hub = Hub(LOOPBACK if alone_here else "", launch.port, launch.size)
            host = launch.host
        else:
            hub = HubClient(launch.host, launch.port, launch.rank, START_SECONDS)
            host = hub.host
    except (OSError, HubError) as error:
        raise not_meeting(launch, error) from error
    address = _free_address(LOOPBACK if alone_here else host)
    if launch.own is not None:
        address = f"{launch.own[0]}:{launch.own[1]}"
    conceal(os.environ)
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
    """An address at which nothing listens; TensorFlow's server wants to be told one."""
    with closing(socket.socket()) as trial:
        trial.bind(("", 0))
        return f"{host}:{trial.getsockname()[1]}"
