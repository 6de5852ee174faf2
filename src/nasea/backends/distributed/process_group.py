"""The processes of one run: a single one, or one for each device.

Rank 0 runs the pipeline. The others only compute: they run the commands of rank 0's backend
(docs/decisions/0070). So the code that uses a backend need not know how many devices it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from nasea.backends.base import Backend
from nasea.backends.records import Role
from nasea.config import Scenario
from nasea.errors import Notice


class ProcessGroup(Protocol):
    """The processes of a run, as the pipeline sees them."""

    @property
    def size(self) -> int:
        """The number of processes."""

    @property
    def notices(self) -> Sequence[Notice]:
        """Notices for the user."""

    outcome: Any
    """JSON values that :func:`follow` returns on the other ranks when the run ends."""

    def open(self, scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
        """Open a backend on all devices; see :func:`nasea.backends.open_backend`."""

    def exchange(self, megabytes: int) -> float:
        """Time an all-reduce of float32 values over all devices and check the sum.

        Args:
            megabytes: size of the tensor, in MiB.

        Returns:
            Seconds it took; 0 with a single device.

        Raises:
            NaseaError: the sum is wrong.
        """


OpenProcessGroup = Callable[[Scenario, Callable[[], None]], AbstractContextManager[ProcessGroup]]
"""See :func:`open_process_group`."""


OpenBackend = Callable[[Scenario, Path, Role], Backend]
"""See :func:`nasea.backends.open_backend`."""


class SingleProcess:
    """One process, one device; see :class:`ProcessGroup`.

    Args:
        open_backend: opens the backend.
        notices: notices for the user.
    """

    size = 1
    outcome: Any = None

    def __init__(self, open_backend: OpenBackend, notices: Sequence[Notice] = ()) -> None:
        self._open_backend = open_backend
        self.notices = tuple(notices)

    def open(self, scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
        """See :class:`ProcessGroup`."""
        return self._open_backend(scenario, directory, role)

    def exchange(self, megabytes: int) -> float:
        """See :class:`ProcessGroup`."""
        return 0.0
