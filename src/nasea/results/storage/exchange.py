"""Replaces a directory by another so that its path is never empty."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def put_in_place(new: Path, place: Path, aside: Path) -> None:
    """Move what is at ``place`` to ``aside``, and ``new`` to ``place``; all on one file system.

    If the kernel can exchange two names, ``place`` is complete even after a kill at any moment.
    Otherwise a kill between two renames can leave ``place`` empty, but nothing is lost.

    Args:
        new: the directory to move to ``place``.
        place: an existing path.
        aside: a path that does not exist.

    Raises:
        OSError: a name cannot be changed.
    """
    new.rename(aside)
    if not _exchange(aside, place):
        aside.rename(new)
        place.rename(aside)
        new.rename(place)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names atomically; return ``False`` if unsupported (Linux only, not all disks)."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
