"""The processes of a run, with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from nasea.backends.base import Role
from nasea.backends.distributed.processes import Children
from nasea.backends.distributed.world import NO_CUDA, leading
from nasea.backends.launch import launched
from nasea.backends.torch.distributed.leader import LeadingBackend
from nasea.backends.torch.distributed.processes import join_launched, spawn
from nasea.backends.visibility import show_only
from nasea.backends.world import Alone, World
from nasea.config import Scenario
from nasea.errors import Notice


@contextmanager
def open_torch_world(scenario: Scenario, on_stop: Callable[[], None]) -> Iterator[World]:
    """See :func:`nasea.backends.world.open_world`."""
    children: Children | None = None
    threads = torch.get_num_threads()
    if launched() is not None:
        ranks = join_launched(scenario, on_stop)
    elif _has_devices(scenario):
        ranks, children = spawn(scenario, on_stop)
    else:
        yield Alone([Notice("resource.gpu_id", NO_CUDA)])
        return

    def open_leader(asked: Scenario, directory: Path, role: Role, serial: int) -> LeadingBackend:
        return LeadingBackend(asked, directory, role, ranks, serial)

    try:
        with leading(ranks, children, scenario.resource.gpu_ids, open_leader) as world:
            yield world
    finally:
        torch.set_num_threads(threads)


def _has_devices(scenario: Scenario) -> bool:
    """Whether there is a device for each id; on the CPU they are processes."""
    if scenario.resource.device == "cpu":
        return True
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        show_only(scenario.resource.gpu_ids[0])
    return scenario.resource.device == "cuda" or torch.cuda.is_available()
