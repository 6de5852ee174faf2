"""Rank 0's hold on the processes of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from nasea.backends.base import Backend, Role
from nasea.backends.launch import launched
from nasea.backends.torch.distributed.leader import LeadingBackend
from nasea.backends.torch.distributed.processes import Children, join_launched, spawn
from nasea.backends.torch.distributed.ranks import Ranks
from nasea.backends.visibility import show_only
from nasea.backends.world import Alone, World
from nasea.config import Scenario
from nasea.errors import NaseaError, Notice, RankLostError


class TorchWorld:
    """See :class:`nasea.backends.world.World`.

    Args:
        ranks: all processes.
        gpu_ids: the devices, one a process of a machine.
    """

    notices: Sequence[Notice] = ()

    def __init__(self, ranks: Ranks, gpu_ids: tuple[int, ...]) -> None:
        self.ranks = ranks
        self.size = ranks.size
        self.farewell: Any = None
        self._gpu_ids = gpu_ids
        self._opened = 0

    def open(self, scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
        """See :class:`nasea.backends.world.World`."""
        # A scenario of its own, for pre-training, runs where the run does.
        resource = scenario.resource.model_copy(update={"gpu_ids": self._gpu_ids})
        scenario = scenario.model_copy(update={"resource": resource})
        self._opened += 1
        return LeadingBackend(scenario, directory, role, self.ranks, self._opened)

    def exchange(self, megabytes: int) -> float:
        """See :class:`nasea.backends.world.World`."""
        self.ranks.tell("exchange", megabytes)
        return self.ranks.try_exchange(megabytes)


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
        text = (
            "no CUDA device: one process on the CPU (resource.device: cpu starts one for each id)"
        )
        yield Alone([Notice("resource.gpu_id", text)])
        return
    world = TorchWorld(ranks, scenario.resource.gpu_ids)
    failure: dict[str, Any] | None = None
    grace = None
    try:
        yield world
    except BaseException as error:
        failure = {"message": f"{type(error).__name__}: {error}", "fix": None, "exit_code": 1}
        if isinstance(error, NaseaError):
            failure = {"message": error.message, "fix": error.fix, "exit_code": error.exit_code}
        grace = 0.0 if isinstance(error, RankLostError) else 2.0
        raise
    finally:
        with suppress(RankLostError):
            ranks.tell("end", world.farewell, failure)
        if children is not None:
            children.end(*(() if grace is None else (grace,)))
        torch.set_num_threads(threads)


def _has_devices(scenario: Scenario) -> bool:
    """Whether there is a device for each id; on the CPU they are processes."""
    if scenario.resource.device == "cpu":
        return True
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        show_only(scenario.resource.gpu_ids[0])
    return scenario.resource.device == "cuda" or torch.cuda.is_available()
