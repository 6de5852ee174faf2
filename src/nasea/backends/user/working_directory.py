"""A private working directory for the user's metric.

Metrics written for a single process save files under fixed names. They run in a private directory
that links to every entry of the real one and of the directories above it, so relative input paths,
including ``../data``, still resolve.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEVELS_ABOVE = 2


class PrivateDirectory:
    """The working directory for the metrics of one process; cleaned after each call.

    Making the links takes longer than a small metric, so they are kept from call to call.
    """

    def __init__(self) -> None:
        self._home: Path | None = None
        self._top: Path | None = None
        self._levels: list[tuple[Path, Path, frozenset[str]]] = []  # real, mirror, names in both

    @contextmanager
    def entered(self) -> Iterator[Path]:
        """Change into the directory, which mirrors the current one; change back on exit."""
        home = Path.cwd()
        if home != self._home or not self._is_current():
            self._mirror(home)
        private = self._levels[-1][1]
        try:
            os.chdir(private)
            yield private
        finally:
            os.chdir(home)
            for _, mirror, names in self._levels:
                for name in _names(mirror) - names:
                    _remove(mirror / name)

    def close(self) -> None:
        """Remove the directory."""
        if self._top is not None:
            shutil.rmtree(self._top, ignore_errors=True)
        self._home, self._top, self._levels = None, None, []

    def _is_current(self) -> bool:
        """Return whether the mirror has a link for every entry that exists now, and no others."""
        for real, mirror, names in self._levels:
            kept = {entry.name for entry in os.scandir(mirror) if entry.is_symlink()}
            below = {level.name for _, level, _ in self._levels}
            if names != _names(real) or names - kept - below:
                return False
        return bool(self._levels)

    def _mirror(self, home: Path) -> None:
        """Make directories that mirror ``home`` and the levels above it."""
        self.close()
        self._top = mirror = Path(tempfile.mkdtemp(prefix="nasea-metric-"))
        self._home, self._levels = home, []
        weakref.finalize(self, shutil.rmtree, mirror, ignore_errors=True)
        real = [home, *home.parents][: _LEVELS_ABOVE + 1][::-1]
        for directory, below in zip(real, [*real[1:], None], strict=True):
            _link_entries(directory, mirror, below)
            if below is not None:
                (mirror / below.name).mkdir()
            self._levels.append((directory, mirror, _names(mirror)))
            if below is not None:
                mirror = mirror / below.name


def _link_entries(directory: Path, mirror: Path, but: Path | None) -> None:
    with suppress(OSError):  # a directory that cannot be listed, a file deleted meanwhile
        for entry in os.scandir(directory):
            if but is None or entry.name != but.name:
                (mirror / entry.name).symlink_to(entry.path)


def _names(directory: Path) -> frozenset[str]:
    with suppress(OSError):
        return frozenset(os.listdir(directory))
    return frozenset()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
