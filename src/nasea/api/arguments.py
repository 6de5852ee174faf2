"""Arguments that several functions of the interface take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nasea.backends.user.from_classes import Parts as UserClasses
    from nasea.pipeline.session.events import Event, Listener


def listening_to(
    listener: Listener | None, on_event: Callable[[Event], object] | None, quiet: bool
) -> AbstractContextManager[Listener]:
    """Provide the listeners of a run; imported late because rich is slow to import."""
    from nasea.cli.terminal.python import listening

    return listening(listener, on_event, quiet)


def home_of(directory: str | Path | None, user_module: UserClasses | None) -> Path | None:
    """Return the directory of a search, into which the classes of a notebook are written."""
    if user_module is not None:
        from nasea.backends.user.from_classes import write_user_module

        write_user_module(user_module, Path(directory or "."))
    return as_path(directory)


def as_path(given: str | Path | None) -> Path | None:
    """Return a path, where one was given."""
    return None if given is None else Path(given)


def results_of(given: str | Path | None, directory: str | Path | None) -> Path:
    """Return the folder of results; by default that of the search in ``directory``."""
    return Path(directory or ".") / "results" if given is None else Path(given)


def cost_of(given: float | str | None, name: str) -> float:
    """Return a cost in the unit of the constraint."""
    from nasea.results.recommend import parse_budget

    return parse_budget(str(given), name)
