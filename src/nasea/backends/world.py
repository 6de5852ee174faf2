"""The processes of one run: one alone, or one a device.

Rank 0 runs the pipeline. The others only compute: they do what rank 0's backend tells them
(docs/decisions/0070). So whoever holds a backend need not know how many devices are behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from nasea.backends.base import Backend, Role
from nasea.backends.distributed.launch import launched
from nasea.backends.opening import load_tensorflow, load_torch, open_backend
from nasea.config import Scenario
from nasea.errors import NotAvailableError, Notice


class World(Protocol):
    """What the pipeline knows of the processes of a run."""

    @property
    def size(self) -> int:
        """How many processes compute."""

    @property
    def notices(self) -> Sequence[Notice]:
        """What the user should know."""

    farewell: Any
    """What :func:`follow` returns on the other ranks in the end, JSON values."""

    def open(self, scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
        """A backend on all devices; see :func:`nasea.backends.open_backend`."""

    def exchange(self, megabytes: int) -> float:
        """Sum so much over all devices and check the sum.

        Returns:
            Seconds it took; 0 where there is one device.

        Raises:
            NaseaError: the sum is wrong.
        """


OpenWorld = Callable[[Scenario, Callable[[], None]], AbstractContextManager[World]]
"""See :func:`open_world`."""


class Alone:
    """One process, one device."""

    size = 1
    farewell: Any = None

    def __init__(self, notices: Sequence[Notice] = ()) -> None:
        self.notices = tuple(notices)

    def open(self, scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
        """See :class:`World`."""
        return open_backend(scenario, directory, role)

    def exchange(self, megabytes: int) -> float:
        """See :class:`World`."""
        return 0.0


@contextmanager
def open_world(scenario: Scenario, on_stop: Callable[[], None]) -> Iterator[World]:
    """The processes that ``resource.gpu_id`` or a launcher asks for; for rank 0.

    Args:
        scenario: device ids and time limits.
        on_stop: called when another process was asked to stop; more than once, maybe.

    Raises:
        NotAvailableError: the devices or the framework are not there.
        RankLostError: a process did not come up.
    """
    if launched() is None and len(scenario.resource.gpu_ids) < 2:
        yield Alone()
        return
    with _open_framework(scenario)(scenario, on_stop) as world:
        yield world


def follow(scenario: Scenario) -> Any:
    """Compute for rank 0 until it is done; for every other rank that a launcher started.

    Returns:
        What rank 0 bade farewell with, JSON values.

    Raises:
        NaseaError: rank 0 failed; its message.
        RankLostError: rank 0 is gone.
    """
    if scenario.framework == "tensorflow":
        _require_tensorflow_launcher()
        load_tensorflow(scenario.keras_version)
        from nasea.backends.tensorflow.distributed.follower import follow_launched
    else:
        load_torch()
        from nasea.backends.torch.distributed.follower import follow_launched

    return follow_launched(scenario)


def _open_framework(scenario: Scenario) -> OpenWorld:
    """What opens several processes of the framework."""
    if scenario.framework == "tensorflow":
        _require_tensorflow_launcher()
        load_tensorflow(scenario.keras_version)
        from nasea.backends.tensorflow.distributed.world import open_tensorflow_world

        return open_tensorflow_world
    load_torch()
    from nasea.backends.torch.distributed.world import open_torch_world

    return open_torch_world


def _require_tensorflow_launcher() -> None:
    launch = launched()
    if launch is not None and launch.launcher == "torchrun":
        raise NotAvailableError(
            "torchrun keeps the port where the processes of a TensorFlow search would meet",
            fix="set TF_CONFIG for each process, or start them by mpirun; on one machine list the "
            "devices in resource.gpu_id and start the command by itself",
        )
