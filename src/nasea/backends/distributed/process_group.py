"""The processes of one run: one alone, or one a device.

Rank 0 runs the pipeline. The others only compute: they do what rank 0's backend tells them
(docs/decisions/0070). So whoever holds a backend need not know how many devices are behind it.
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
    """What the pipeline knows of the processes of a run."""

    @property
    def size(self) -> int:
        """How many processes compute."""

    @property
    def notices(self) -> Sequence[Notice]:
        """What the user should know."""

    outcome: Any
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


OpenProcessGroup = Callable[[Scenario, Callable[[], None]], AbstractContextManager[ProcessGroup]]
"""See :func:`open_process_group`."""


OpenBackend = Callable[[Scenario, Path, Role], Backend]
"""See :func:`nasea.backends.open_backend`."""


class SingleProcess:
    """One process, one device; see :class:`ProcessGroup`.

    Args:
        open_backend: opens the backend.
        notices: what the user should know.
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
