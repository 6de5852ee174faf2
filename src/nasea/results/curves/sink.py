"""The interface of services that show curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Sink(Protocol):
    """A service that shows curves; any method may raise exceptions of its library."""

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Add a point to the curve ``tag``."""

    def figure(self, tag: str, figure: Figure, step: int) -> None:
        """Add a figure."""

    def attach(self, path: Path) -> None:
        """Store a copy of a file."""

    def close(self, *, failed: bool) -> None:
        """Send the remaining data and the final status of the run."""


class Runs(Protocol):
    """The runs of services that belong to a directory, so that a resumed run continues them."""

    def get(self, service: str) -> str | None:
        """Return the id of the run; ``None`` if there is none."""

    def put(self, service: str, run: str) -> None:
        """Store the id of the run."""
