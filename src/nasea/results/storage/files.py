"""Atomic writing of result files, and reading them as JSON."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from nasea.errors import ResultsError


def read_result(path: Path, fix: str) -> Any:
    """Read a result file as JSON.

    Args:
        path: the file.
        fix: what to do if it cannot be read.

    Raises:
        ResultsError: the file cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror or error}", fix=fix) from error
    except (ValueError, RecursionError) as error:  # undecodable text, broken JSON
        raise ResultsError(f"{path} is not readable as JSON: {error}", fix=fix) from error


def write_result(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` atomically, creating folders; text is UTF-8.

    A reader never sees a partial file, even if this process is killed.

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


def sync_folder(directory: Path) -> None:
    """Wait until the names in ``directory`` are on the disk, if the system supports that."""
    if os.name != "posix":  # Windows cannot open folders
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_error(path: Path, error: OSError) -> ResultsError:
    """Return the error for a user when the operating system refuses to write ``path``."""
    return ResultsError(
        f"cannot write {path}: {error.strerror or error}",
        fix="free some space or make the folder writable, then start again with the same command",
    )
