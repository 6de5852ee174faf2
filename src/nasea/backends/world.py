"""The processes of one run: one alone, or one a device.

Rank 0 runs the pipeline. The others only compute: they do what rank 0's backend tells them
(docs/decisions/0070). So whoever holds a backend need not know how many devices are behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from nasea.backends.base import Backend, Role
from nasea.backends.launch import launched
from nasea.backends.opening import load_torch, open_backend
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
        NotAvailableError: the devices or PyTorch are not there.
        RankLostError: a process did not come up.
    """
    several = launched() is not None or len(scenario.resource.gpu_ids) > 1
    if launched() is not None:
        _require_pytorch(scenario)
    if not several or scenario.framework == "tensorflow":
        yield Alone()  # TensorFlow's backend tells that it works on one device so far
    else:
        load_torch()
        from nasea.backends.torch.distributed.world import open_torch_world

        with open_torch_world(scenario, on_stop) as world:
            yield world


def follow(scenario: Scenario) -> Any:
    """Compute for rank 0 until it is done; for every other rank that a launcher started.

    Returns:
        What rank 0 bade farewell with, JSON values.

    Raises:
        NaseaError: rank 0 failed; its message.
        RankLostError: rank 0 is gone.
    """
    _require_pytorch(scenario)
    load_torch()
    from nasea.backends.torch.distributed.follower import follow_launched

    return follow_launched(scenario)


def _require_pytorch(scenario: Scenario) -> None:
    if scenario.framework == "tensorflow":
        raise NotAvailableError(
            "TensorFlow searches on one device so far, but a launcher started several processes",
            fix="start the command by itself, without torchrun, mpirun or horovodrun",
        )
