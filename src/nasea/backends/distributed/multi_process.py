"""The processes of a run as rank 0 manages them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nasea.backends.base import Backend
from nasea.backends.data.image_cache import new_name
from nasea.backends.distributed.launch import current_launch
from nasea.backends.distributed.leader import Leader
from nasea.backends.distributed.process_group import ProcessGroup, SingleProcess
from nasea.backends.distributed.processes import GRACE_SECONDS, Children
from nasea.backends.distributed.ranks import Ranks
from nasea.backends.framework import OpenFramework
from nasea.backends.records import Role
from nasea.config import Scenario
from nasea.errors import NaseaError, Notice, RankLostError

NO_CUDA = "no CUDA device: one process on the CPU (resource.device: cpu starts one for each id)"
"""Notice if several device ids cannot be used."""

Join = Callable[[Scenario, Callable[[], None]], Ranks]
"""Joins the processes that a launcher started; the second argument is called to stop the run."""

Spawn = Callable[[Scenario, Callable[[], None]], tuple[Ranks, Children]]
"""Starts a process for each id of ``resource.gpu_id`` except the first."""


class MultipleProcesses:
    """See :class:`nasea.backends.distributed.process_group.ProcessGroup`.

    Args:
        ranks: all processes.
        gpu_ids: the devices, one for each process of a machine.
        open_framework: opens the framework's half of a backend.
    """

    notices: Sequence[Notice] = ()

    def __init__(
        self, ranks: Ranks, gpu_ids: tuple[int, ...], open_framework: OpenFramework
    ) -> None:
        self.ranks = ranks
        self.size = ranks.size
        self.outcome: Any = None
        self._gpu_ids = gpu_ids
        self._open_framework = open_framework
        self._opened = 0

    def open(self, scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
        """See :class:`nasea.backends.distributed.process_group.ProcessGroup`."""
        # Pre-training has a scenario of its own; it uses the devices of the run.
        resource = scenario.resource.model_copy(update={"gpu_ids": self._gpu_ids})
        scenario = scenario.model_copy(update={"resource": resource})
        self._opened += 1
        followers = Leader(self.ranks, self._opened)
        cache = new_name()
        with followers.together("open", scenario.to_dict(), directory, role, Path.cwd(), cache):
            framework = self._open_framework(scenario, directory, role, self.ranks)
        return Backend(framework, followers, cache)

    def exchange(self, megabytes: int) -> float:
        """See :class:`nasea.backends.distributed.process_group.ProcessGroup`."""
        self.ranks.send_command("exchange", megabytes)
        return self.ranks.time_all_reduce(megabytes)


@contextmanager
def lead_processes(
    ranks: Ranks,
    children: Children | None,
    gpu_ids: tuple[int, ...],
    open_framework: OpenFramework,
) -> Iterator[MultipleProcesses]:
    """Lead a run on several processes; when the context exits, send the others the outcome.

    Args:
        ranks: all processes.
        children: the processes that this one started; ``None`` if a launcher started them.
        gpu_ids: the devices, one for each process of a machine.
        open_framework: opens the framework's half of a backend.
    """
    group = MultipleProcesses(ranks, gpu_ids, open_framework)
    failure: dict[str, Any] | None = None
    grace = None
    try:
        yield group
    except BaseException as error:
        failure = {"message": f"{type(error).__name__}: {error}", "fix": None, "exit_code": 1}
        if isinstance(error, NaseaError):
            failure = {"message": error.message, "fix": error.fix, "exit_code": error.exit_code}
        grace = 0.0 if isinstance(error, RankLostError) else 2.0
        raise
    finally:
        with suppress(RankLostError):
            ranks.send_command("end", group.outcome, failure)
            if children is None:  # the store they read from ends with this process
                ranks.await_readers(GRACE_SECONDS if grace is None else grace)
        if children is not None:
            children.stop(GRACE_SECONDS if grace is None else grace)


@contextmanager
def open_several(
    scenario: Scenario,
    on_stop: Callable[[], None],
    *,
    join: Join,
    spawn: Spawn,
    has_devices: Callable[[Scenario], bool],
    open_framework: OpenFramework,
) -> Iterator[ProcessGroup]:
    """Join or start the processes of a run; without enough devices, use this process alone.

    Args:
        scenario: names the devices.
        on_stop: called when another process wants the run to stop.
        join: the framework's :data:`Join`.
        spawn: the framework's :data:`Spawn`.
        has_devices: returns whether there is a device for each id.
        open_framework: opens the framework's half of a backend.
    """
    children: Children | None = None
    if current_launch() is not None:
        ranks = join(scenario, on_stop)
    elif has_devices(scenario):
        ranks, children = spawn(scenario, on_stop)
    else:

        def open_backend(asked: Scenario, directory: Path, role: Role) -> Backend:
            return Backend(open_framework(asked, directory, role, None))

        yield SingleProcess(open_backend, [Notice("resource.gpu_id", NO_CUDA)])
        return
    with lead_processes(ranks, children, scenario.resource.gpu_ids, open_framework) as group:
        yield group
