"""A private working directory for the user's metric.

Metrics written for a single process save files under fixed names. They run in a private directory
that links to every entry of the real one and of the directories above it, so relative input paths,
including ``../data``, still resolve. Where links cannot be made, as on Windows without the right to
make them, they run in the real one.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nasea.backends.shared_folder import SharedFolder
from nasea.errors import NaseaError

_LEVELS_ABOVE = 2


class PrivateDirectory:
    """The working directory for the metrics of one process; cleaned after each call.

    Making the links takes longer than a small metric. So they are kept between calls, and only
    entries that changed in the real directories are linked again.
    """

    def __init__(self) -> None:
        self._home: Path | None = None
        self._top: SharedFolder | None = None
        self._levels: list[_Level] = []

    @contextmanager
    def entered(self) -> Iterator[Path]:
        """Change into the directory, which mirrors the current one; change back on exit."""
        home = Path.cwd()
        if home != self._home or not all(level.mirror.is_dir() for level in self._levels):
            self._mirror(home)
        for level in self._levels:
            level.refresh()
        private = self._levels[-1].mirror if self._levels else home
        try:
            os.chdir(private)
            yield private
        finally:
            os.chdir(home)
            for level in self._levels:
                level.clean()

    def close(self) -> None:
        """Remove the directory."""
        if self._top is not None:
            self._top.close()
        self._home, self._top, self._levels = None, None, []

    def _mirror(self, home: Path) -> None:
        """Make directories that mirror ``home`` and the levels above it."""
        self.close()
        try:
            self._top = SharedFolder(f"metric-{secrets.token_hex(8)}")  # shared with no one
        except OSError as error:
            raise NaseaError(
                f"the metric runs in a directory for temporary files, and there is none: {error}",
                fix="set TMPDIR to a directory on a local disk that you can write to",
            ) from error
        self._home = home
        if not _can_link(self._top.path):
            return
        mirror = self._top.path / "above"
        mirror.mkdir()
        real = [home, *home.parents][: _LEVELS_ABOVE + 1][::-1]
        for directory, below in zip(real, [*real[1:], None], strict=True):
            self._levels.append(_Level(directory, mirror, None if below is None else below.name))
            if below is not None:
                mirror = mirror / below.name
                mirror.mkdir()


def _can_link(folder: Path) -> bool:
    """Whether links can be made here: Windows asks for a right that few have."""
    probe = folder / "link"
    try:
        os.symlink(folder, probe)
    except (OSError, NotImplementedError):
        return False
    probe.unlink()
    return True


@dataclass
class _Level:
    """A directory and its mirror.

    Attributes:
        real: the directory.
        mirror: a directory of links to its entries.
        below: name of the entry that is itself mirrored, if any.
    """

    real: Path
    mirror: Path
    below: str | None

    def refresh(self) -> None:
        """Link exactly the entries that the directory has now."""
        self._names = _names(self.real) - {self.below}
        with suppress(OSError):  # an entry that was added or removed meanwhile
            linked = {entry.name for entry in os.scandir(self.mirror) if entry.is_symlink()}
            for name in linked - self._names:
                (self.mirror / name).unlink()
            for name in self._names - linked:
                self._link(name)

    def _link(self, name: str) -> None:
        target, link = os.path.join(self.real, name), os.path.join(self.mirror, name)
        try:  # the directories above may hold thousands of entries: one call each
            os.symlink(target, link)
        except FileExistsError:
            _remove(Path(link))
            os.symlink(target, link)

    def clean(self) -> None:
        """Remove everything that is not a link."""
        for name in _names(self.mirror) - self._names - {self.below}:
            _remove(self.mirror / name)


def _names(directory: Path) -> frozenset[str]:
    with suppress(OSError):
        return frozenset(os.listdir(directory))
    return frozenset()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
