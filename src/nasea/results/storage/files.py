"""Atomic writing of result files."""

from __future__ import annotations

import os
from pathlib import Path

from nasea.errors import ResultsError


def write_result(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` atomically; folders are made, text is UTF-8.

    A reader, or a run that is killed here, never sees half a file.

    Raises:
        ResultsError: the file cannot be written (full disk, missing permission, a folder there).
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError) -> ResultsError:
    """Return the error for a user when the operating system refuses to write ``path``."""
    return ResultsError(
        f"cannot write {path}: {error.strerror or error}",
        fix="free some space or make the folder writable, then start again with the same command",
    )
