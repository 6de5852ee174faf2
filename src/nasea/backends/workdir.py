"""A private working directory for the user's metric.

Metrics written for one process save files under fixed names. Each call gets a directory of its
own, in which everything of the real one appears as a link, and so does everything of the
directories above it: relative input paths, ``../data`` too, still resolve.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEVELS_ABOVE = 2


@contextmanager
def private_directory() -> Iterator[Path]:
    """Change into a temporary directory that mirrors the present one; change back after."""
    home = Path.cwd()
    top = Path(tempfile.mkdtemp(prefix="nasea-metric-"))
    try:
        private = _mirror(home, top)
        os.chdir(private)
        yield private
    finally:
        os.chdir(home)
        shutil.rmtree(top, ignore_errors=True)


def _mirror(home: Path, top: Path) -> Path:
    """Directories below ``top`` that stand for ``home`` and the levels above it."""
    real = [home, *home.parents][: _LEVELS_ABOVE + 1][::-1]
    mirror = top
    for directory, below in zip(real, [*real[1:], None], strict=True):
        _link_entries(directory, mirror, below)
        if below is not None:
            mirror = mirror / below.name
            mirror.mkdir()
    return mirror


def _link_entries(directory: Path, mirror: Path, but: Path | None) -> None:
    with suppress(OSError):  # a directory that may not be listed, a file that went away meanwhile
        for entry in os.scandir(directory):
            if but is None or entry.name != but.name:
                (mirror / entry.name).symlink_to(entry.path)
