"""A temporary folder that several processes of a machine share; the last one removes it."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import weakref
from contextlib import ExitStack, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "nasea-shared-"
_DOOR, _USER = "door", "user-"
"""Files that are locked: by whoever comes or goes, and by each process that uses a folder."""

_POLL = 0.005
"""Seconds between two tries for a lock that is held, for a moment only."""


class SharedFolder:
    """A folder in the directory for temporary files (``TMPDIR``).

    Every process that uses it holds a lock in it. The next run removes the folder of a killed one,
    in which nobody holds a lock.

    Args:
        name: the same for all processes that share it.

    Attributes:
        path: where it is.

    Raises:
        OSError: it cannot be created, or belongs to somebody else.
    """

    def __init__(self, name: str) -> None:
        self.path = Path(tempfile.gettempdir()) / f"{_PREFIX}{name}"
        self._lock = _entered(self.path)
        self._close = weakref.finalize(self, _leave, self.path, self._lock, os.getpid())

    @property
    def is_intact(self) -> bool:
        """Whether nobody has deleted it since this process came."""
        return Path(self._lock.lock_file).exists()

    def locked(self, name: str) -> FileLock:
        """Return a lock of that name, to be held for a moment by one process at a time."""
        return FileLock(self.path / name, poll_interval=_POLL)

    def close(self) -> None:
        """Remove the folder, unless another process uses it."""
        self._close()


def sweep() -> None:
    """Remove the folders that killed runs of this user left behind."""
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with suppress(OSError):
                if _is_mine(folder):
                    _remove_unused(folder)


def _is_mine(folder: Path) -> bool:
    # Where the system knows no owners (Windows), temporary files are each user's own.
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _entered(folder: Path) -> FileLock:
    """Create the folder if necessary; return the lock that says it is used."""
    for _ in range(100):
        folder.mkdir(0o700, exist_ok=True)
        if not _is_mine(folder) or (os.name == "posix" and folder.stat().st_mode & 0o022):
            raise PermissionError(f"{folder} is open to others")
        with suppress(FileNotFoundError), FileLock(folder / _DOOR, poll_interval=_POLL):
            folder.chmod(0o700)  # FileLock creates a folder that is missing, open to readers
            lock = FileLock(folder / f"{_USER}{secrets.token_hex(8)}", thread_local=False)
            lock.acquire(blocking=False)
            return lock
        # Another process removed it as left over.
    raise FileNotFoundError(folder)


def _leave(folder: Path, lock: FileLock, process: int) -> None:
    # A process that was forked from this one uses it only as long as this one does.
    if os.getpid() != process:
        return
    lock.release()
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
        _remove_unused(folder)


def _remove_unused(folder: Path) -> None:
    """Remove a folder, unless another process uses it, or is just about to."""
    gone = folder.with_name(f"{_PREFIX}{secrets.token_hex(16)}")
    with suppress(Timeout), ExitStack() as locks:
        locks.enter_context(FileLock(folder / _DOOR, blocking=False))
        for user in folder.glob(f"{_USER}*"):
            locks.enter_context(FileLock(user, blocking=False))
        folder.rename(gone)  # at once, so that nobody comes into a folder that is half removed
    shutil.rmtree(gone, ignore_errors=True)
