"""The processes of a run, with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from nasea.backends.distributed.multi_process import open_several
from nasea.backends.distributed.process_group import ProcessGroup
from nasea.backends.distributed.visibility import show_only
from nasea.backends.torch.distributed.processes import join_launched, spawn
from nasea.backends.torch.framework import TorchFramework
from nasea.config import Scenario


@contextmanager
def open_torch_group(scenario: Scenario, on_stop: Callable[[], None]) -> Iterator[ProcessGroup]:
    """See :func:`nasea.backends.open_process_group`; restores the number of threads on exit."""
    threads = torch.get_num_threads()
    try:
        with open_several(
            scenario,
            on_stop,
            join=join_launched,
            spawn=spawn,
            has_devices=_has_devices,
            open_framework=TorchFramework,
        ) as group:
            yield group
    finally:
        torch.set_num_threads(threads)


def _has_devices(scenario: Scenario) -> bool:
    """Return whether there is a device for each id; on the CPU each id is a process."""
    if scenario.resource.device == "cpu":
        return True
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        show_only(scenario.resource.gpu_ids[0])
    return scenario.resource.device == "cuda" or torch.cuda.is_available()
