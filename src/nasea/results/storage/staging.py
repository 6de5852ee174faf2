"""Writes a results directory completely or not at all, without overwriting an earlier one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from nasea.results.storage.exchange import put_in_place
from nasea.results.storage.files import sync_folder, write_error

_FULL_BELOW = 64 * 1024
"""A file system with fewer free bytes is full."""


def install(staging: Path, directory: Path) -> Path | None:
    """Replace ``directory`` by the finished ``staging``; return the path of the old one."""
    _sync(staging)
    aside = None
    if is_folder(directory) and not any(directory.iterdir()):
        directory.rmdir()
    if os.path.lexists(directory):
        aside = _first_free(directory)
        put_in_place(staging, directory, aside)
    else:
        staging.rename(directory)
    sync_folder(directory.parent)
    return aside


def install_file(file: Path, directory: Path) -> None:
    """Move a finished file of a staging directory to ``directory``, which lacks one of its name."""
    _sync_file(file)
    file.rename(directory / file.name)
    sync_folder(directory)


def is_folder(path: Path) -> bool:
    """Return whether ``path`` is a directory itself, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def _first_free(directory: Path) -> Path:
    candidates = (directory.with_name(f"{directory.name}.{number}") for number in count(1))
    return next(path for path in candidates if not os.path.lexists(path))


@contextmanager
def staging_for(directory: Path) -> Iterator[Path]:
    """Provide an empty directory beside ``directory``; remove it at the end if it still exists.

    Its name is always the same, so the files of a killed run are removed too. The caller must allow
    only one run per directory.

    Raises:
        ResultsError: it cannot be created, or writing into it failed.
    """
    staging = directory.with_name(f".{directory.name}.new")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir()
        yield staging
    except OSError as error:
        raise write_error(directory, error) from error
    except RuntimeError as error:
        # On a full disk, torch.save only reports an unexpected position of its archive.
        if shutil.disk_usage(directory.parent).free >= _FULL_BELOW:
            raise
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise write_error(directory, full) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sync(directory: Path) -> None:
    """Wait until every file of ``directory`` is on the disk."""
    for path in directory.iterdir():
        _sync_file(path)
    sync_folder(directory)


def _sync_file(path: Path) -> None:
    with path.open("r+b") as file:  # Windows only syncs writable files
        os.fsync(file.fileno())
