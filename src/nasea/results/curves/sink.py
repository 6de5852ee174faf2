"""What is told to every place that shows curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Sink(Protocol):
    """A place that shows curves; any method may raise what its library raises."""

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Add a point to the curve ``tag``."""

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """Add a figure."""

    def attach(self, path: Path) -> None:
        """Keep a copy of a file."""

    def close(self, *, failed: bool) -> None:
        """Hand over what is left, and say how the run ended."""


class Runs(Protocol):
    """Which run of a service a directory belongs to, so that a resumed run goes on there."""

    def get(self, service: str) -> str | None:
        """The id of the run, if there is one."""

    def put(self, service: str, run: str) -> None:
        """Remember the id of the run."""
