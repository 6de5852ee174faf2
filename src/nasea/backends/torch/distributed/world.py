"""The processes of a run, with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from nasea.backends.distributed.visibility import show_only
from nasea.backends.distributed.world import open_several
from nasea.backends.torch.distributed.leader import LeadingBackend
from nasea.backends.torch.distributed.processes import join_launched, spawn
from nasea.backends.world import World
from nasea.config import Scenario


@contextmanager
def open_torch_world(scenario: Scenario, on_stop: Callable[[], None]) -> Iterator[World]:
    """See :func:`nasea.backends.world.open_world`; the number of threads is put back in the end."""
    threads = torch.get_num_threads()
    try:
        with open_several(
            scenario,
            on_stop,
            join=join_launched,
            spawn=spawn,
            has_devices=_has_devices,
            leader=LeadingBackend,
        ) as world:
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
