"""What arguments of the functions in :mod:`nasea.api` mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nasea.backends.user.from_classes import Parts


def folder(given: str | Path | None, written: Parts | None = None) -> Path | None:
    """The folder of ``user_module.py``; ``None`` for the current one.

    Args:
        given: as the user gave it.
        written: classes, of which that file is written first.
    """
    if written is not None:
        from nasea.backends.user.from_classes import write_user_module

        write_user_module(written, Path(given or "."))
    return None if given is None else Path(given)


def results_folder(given: str | Path | None, directory: str | Path | None) -> Path:
    """The folder of the results; by default that of the directory."""
    return Path(directory or ".") / "results" if given is None else Path(given)


def cost_of(given: float | str | None, name: str) -> float:
    """A cost in the unit of the constraint, such as ``50k``."""
    from nasea.results.recommend import parse_budget

    return parse_budget(str(given), name)
