"""Where fronts are: that of a finished search, and that of a search which is not finished."""

from __future__ import annotations

from pathlib import Path

FRONT_FILE = "front.json"

RESULTS = "results"
"""Folder of a finished search, beside that of the checkpoints."""

CHECKPOINTS = "checkpoint"
"""A search which is not finished keeps its front here, and its report."""

REPORT_FILE = "report.html"


def front_file(path: Path) -> Path:
    """Return the file of a front.

    Args:
        path: the file, or a folder: of results, or of checkpoints. For a folder ``results``
            without a front, the front of the unfinished search beside it is taken.
    """
    if path.suffix == ".json" or path.is_file():
        return path
    finished = path / FRONT_FILE
    if not finished.is_file() and (unfinished := unfinished_beside(path)) is not None:
        return unfinished
    return finished


def unfinished_beside(results: Path) -> Path | None:
    """Return the file of the unfinished front beside a folder ``results``; ``None`` without one."""
    folder = results.resolve()
    found = folder.with_name(CHECKPOINTS) / FRONT_FILE
    if folder.name != RESULTS or not found.is_file():
        return None
    return results.parent / CHECKPOINTS / FRONT_FILE if results.name == RESULTS else found
