"""Evolutionary, hardware-aware neural architecture search for vision models."""

from __future__ import annotations

import importlib
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
    weights,
)
from nasea.version import __version__

if TYPE_CHECKING:
    from nasea.config import Scenario
    from nasea.errors import Interrupted, NaseaError, Notice
    from nasea.pipeline.session.events import Began, Line, Listener, Progress
    from nasea.results.front import Front

__all__ = [
    "Began",
    "Front",
    "Interrupted",
    "Line",
    "Listener",
    "NaseaError",
    "Notice",
    "Progress",
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
    "weights",
]

_HOMES = {
    "Began": "nasea.pipeline.session.events",
    "Front": "nasea.results.front",
    "Interrupted": "nasea.errors",
    "Line": "nasea.pipeline.session.events",
    "Listener": "nasea.pipeline.session.events",
    "NaseaError": "nasea.errors",
    "Notice": "nasea.errors",
    "Progress": "nasea.pipeline.session.events",
    "Scenario": "nasea.config",
}


def __getattr__(name: str) -> object:
    """Import a class when it is asked for: the command line must start at once."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nasea' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return all names, those that are imported late among them."""
    return sorted({*globals(), *__all__})
