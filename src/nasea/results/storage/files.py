"""Atomic writing of result files."""

from __future__ import annotations

import errno
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


def sync_folder(directory: Path) -> None:
    """Wait until the names in ``directory`` are on the disk, where the system can do that."""
    if os.name != "posix":  # Windows opens no folders
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
    """What to tell a user when the operating system refuses to write ``path``."""
    return ResultsError(
        f"cannot write {path}: {error.strerror or error}",
        fix="free some space or make the folder writable, then start again with the same command",
    )
