"""Allows one run at a time in a directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nasea.errors import CheckpointError
from nasea.results.storage.files import write_error


@contextmanager
def only_run(directory: Path) -> Iterator[None]:
    """Hold the lock of ``directory``; the kernel releases it when the process ends.

    Raises:
        CheckpointError: another process holds it.
        ResultsError: the directory cannot be written.
    """
    path = directory / "lock"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise write_error(path, error) from error
    is_open = True

    def release() -> None:
        nonlocal is_open
        if is_open:
            is_open = False
            os.close(descriptor)

    # A forked data worker inherits the lock and would keep it after its parent was killed.
    os.register_at_fork(after_in_child=release)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CheckpointError(
                f"another nasea search is running in {directory.parent}",
                fix="wait for it, or start this one in a directory of its own",
            ) from error
        yield
    finally:
        release()
