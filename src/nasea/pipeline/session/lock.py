"""Allows one run at a time in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nasea.errors import CheckpointError
from nasea.results.storage.files import write_error


@contextmanager
def only_run(directory: Path) -> Iterator[None]:
    """Hold the lock of ``directory``; the system releases it when the process ends.

    A data worker that is forked meanwhile does not hold it: it may outlive a run that is killed.

    Raises:
        CheckpointError: another process holds it.
        ResultsError: the directory cannot be written.
    """
    path = directory / "lock"
    lock = FileLock(path, mode=0o644, thread_local=False)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise CheckpointError(
            f"another nasea search is running in {directory.parent}",
            fix="wait for it, or start this one in a directory of its own",
        ) from error
    except OSError as error:
        raise write_error(path, error) from error
    try:
        yield
    finally:
        lock.release()
