"""Finds the item of a data set, and the file, that caused an exception.

Image readers say what is wrong but not where: ``OSError: Truncated File Read``. The local variables
of the stack frames do.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

_LONGEST = 4096


def add_item_note(error: BaseException, index: int | None) -> None:
    """Add a note to ``error`` that names the item and the file, as far as they can be found.

    Notes stay with the exception, even when it leaves a data worker.
    """
    if any("at item " in note for note in _notes_of(error)):
        return
    file = file_of(error)
    number = "" if index is None else f"item {index}"
    where = ", ".join(part for part in (number, f"file {file}" if file else "") if part)
    if where:
        _add_note(error, f"at {where}")


def _notes_of(error: BaseException) -> list[str]:
    """Return the notes of an exception; Python 3.10 has none, so there they end its text."""
    if sys.version_info >= (3, 11):
        return list(getattr(error, "__notes__", ()))
    return [text.partition("\n")[2] for text in error.args if isinstance(text, str)]


def _add_note(error: BaseException, note: str) -> None:
    if sys.version_info >= (3, 11):
        error.add_note(note)
    elif len(error.args) == 1:
        error.args = (f"{error.args[0]}\n{note}",)


def file_of(error: BaseException) -> str | None:
    """Return the file being read: that of the innermost frame with a path in a variable."""
    for frame in reversed(list(_frames(error.__traceback__))):
        for value in list(frame.f_locals.values()):
            for path in _paths(value):
                if _is_data(path):
                    return path
    return None


def _frames(trace: TracebackType | None) -> Iterator[FrameType]:
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def _paths(value: Any) -> Iterator[str]:
    names = [value]
    if isinstance(value, io.IOBase):
        names.append(getattr(value, "name", None))
    elif type(value).__module__.startswith("PIL."):
        names.append(getattr(value, "filename", None))
    for name in names:
        if isinstance(name, str | os.PathLike):
            path = os.fspath(name)
            if isinstance(path, str):
                yield path


def _is_data(path: str) -> bool:
    if not 0 < len(path) < _LONGEST or "\0" in path or path.endswith(".py"):
        return False
    return os.path.isfile(path)
