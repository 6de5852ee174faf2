"""Evolutionary, hardware-aware neural architecture search for vision models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasea.api import (
    check,
    compare,
    export,
    fidelity,
    load,
    read_scenario,
    retrain,
    search,
)
from nasea.version import __version__

if TYPE_CHECKING:
    from nasea.config import Scenario
    from nasea.results.front import Front

__all__ = [
    "Front",
    "Scenario",
    "__version__",
    "check",
    "compare",
    "export",
    "fidelity",
    "load",
    "read_scenario",
    "retrain",
    "search",
]


def __getattr__(name: str) -> object:
    """Import a class when it is asked for: the command line must start at once."""
    if name == "Front":
        from nasea.results.front import Front

        return Front
    if name == "Scenario":
        from nasea.config import Scenario

        return Scenario
    raise AttributeError(f"module 'nasea' has no attribute {name!r}")
