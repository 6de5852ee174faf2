"""Decoded images in a memory-mapped file, which all processes of a machine share.

A folder holds one file with the entries one behind the other, and a small table for each shelf of
them. Whoever misses entries appends them, one process at a time. Entries are copied into memory by
the system as they are read, and dropped by it when memory is short: they count as its page cache.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from nasea.backends.data.packing import ALIGNMENT, NotPackable, pack, unpack
from nasea.backends.memory import available_memory
from nasea.errors import Notice

SHARE = 0.5
"""The cache takes at most this share of the free disk, and of the memory that is available."""

_PREFIX = "nasea-images-"
_DATA, _WRITER = "entries", "writer"
_DOOR, _USER = "door", "user-"
"""Files that are locked: by whoever comes or goes, and by each process that uses a folder."""

_POLL = 0.005
"""Seconds between two tries for a lock that is held, for a moment only."""

_DIGEST_BYTES = 16
_ENTRY = np.dtype(
    [
        ("start", "<i8"),
        ("length", "<i8"),  # 0: not there
        ("group", "<i8"),
        ("tag", "<i8"),
        ("digest", f"V{_DIGEST_BYTES}"),
    ]
)

Value = TypeVar("Value")


class ImageCache:
    """What the processes of one backend on one machine have decoded.

    It lies in a folder of its own where temporary files go (``TMPDIR``). Every process that uses
    it holds a lock in it; the last one removes it. What a killed run left is removed by the next
    run: nobody holds a lock there.

    Args:
        name: the same for all processes that share it, and hard to guess: entries are unpickled.
        limit: bytes it may take; ``None`` for :data:`SHARE` of what is free.
    """

    def __init__(self, name: str, limit: int | None = None) -> None:
        self._limit = limit
        self._writing = False
        self._room = 0
        self.is_full = False
        sweep()
        self._folder: Path | None = None
        lock = None
        with suppress(OSError):  # no place for temporary files: nothing is kept
            self._folder, lock = _entered(Path(tempfile.gettempdir()) / f"{_PREFIX}{name}")
        self._close = weakref.finalize(self, _leave, self._folder, lock, os.getpid())
        self._map: memoryview = memoryview(b"")

    def close(self) -> None:
        """Remove the files, unless another process uses them."""
        self._map = memoryview(b"")
        self._close()

    def shelf(self, name: str, entries: int) -> Shelf:
        """Room for so many entries, the same for all processes.

        Args:
            name: of the shelf.
            entries: how many there may be; their places are counted from 0.
        """
        if self._folder is None:
            return Shelf(self, np.zeros(entries, _ENTRY))
        with self.writing():
            path = self._folder / f"{name}.{entries}.table"
            if not path.exists() or path.stat().st_size != entries * _ENTRY.itemsize:
                np.zeros(entries, _ENTRY).tofile(path)
            return Shelf(self, np.memmap(path, _ENTRY, "r+", shape=(entries,)))

    def once(self, name: str, count: int, make: Callable[[], list[Value]]) -> list[Value]:
        """Values that one process makes for all, kept as far as there is room.

        Args:
            name: of the values.
            count: how many there are.
            make: makes them; gives the same in every process.

        Returns:
            The values; their arrays must not be written to.
        """
        shelf = self.shelf(name, count)
        with self.writing():
            if not shelf.sound(range(count)):
                made = make()
                with suppress(NotPackable):
                    packed = [pack(value) for value in made]
                    for place, content in enumerate(packed):
                        if not shelf.put(place, content, digest_of(content)):
                            break
                if not shelf.sound(range(count)):
                    return made
            return [shelf.get(place, copies=False) for place in range(count)]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within it no other process writes."""
        if self._folder is None or self._writing:
            yield
            return
        with FileLock(self._folder / _WRITER, poll_interval=_POLL):
            self._writing, self._room = True, self.limit
            try:
                yield
            finally:
                self._writing = False

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        if self._folder is None:
            return 0
        path = self._folder / _DATA
        return path.stat().st_size if path.exists() else 0

    @property
    def limit(self) -> int:
        """Bytes that entries may take in all."""
        if self._folder is None:
            return 0
        if self._limit is not None:
            return self._limit
        free = shutil.disk_usage(self._folder).free + self.size
        return int(SHARE * min(free, available_memory()))

    def overflow(self, images: int, image_bytes: int, then: str) -> list[Notice]:
        """What the user should know where not all evaluation images will find room.

        Args:
            images: how many there are.
            image_bytes: of each, decoded.
            then: what is done with the others.
        """
        if self._limit == 0 or images * image_bytes <= self.limit:
            return []
        why = "resource.image_cache allows"
        if self._limit is None:
            why = f"half of what is free of the memory and in {tempfile.gettempdir()} is"
        text = (
            f"{images:,} evaluation images take {_gib(images * image_bytes)} decoded, and {why} "
            f"{_gib(self.limit)}: {then}; take fewer (searcher.eval_images), allow more (this "
            "key), or set TMPDIR to a larger disk"
        )
        return [Notice("resource.image_cache", text)]

    def append(self, content: bytes | memoryview) -> int | None:
        """Write an entry; returns where it begins, or ``None`` if it would be too much.

        To be called within :meth:`writing`, whose beginning decides how much room there is.
        """
        if self._folder is None:
            return None
        start = self.size
        if start + len(content) > self._room:
            self.is_full = True
            return None
        with (self._folder / _DATA).open("ab") as stream:
            try:
                stream.write(content)
                stream.flush()
            except OSError:  # the disk is full after all
                os.ftruncate(stream.fileno(), start)
                self.is_full = True
                return None
        return start

    def view(self, start: int, length: int) -> memoryview:
        """Bytes of an entry; what is written into them stays in this process."""
        if start + length > len(self._map):
            assert self._folder is not None, "no entry without a folder"
            with (self._folder / _DATA).open("rb") as stream:
                self._map = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY))
        return self._map[start : start + length]


class Shelf:
    """Entries of one kind, such as the validation images; see :meth:`ImageCache.shelf`.

    Args:
        cache: where their bytes are.
        table: an entry each.
    """

    def __init__(self, cache: ImageCache, table: np.ndarray[Any, Any]) -> None:
        self.cache = cache
        self._table = table
        self._damaged = np.zeros(len(table), bool)
        self._checked = np.zeros(len(table), bool)

    def __len__(self) -> int:
        return len(self._table)

    def holds(self, places: Sequence[int] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Which of these places have an entry, as a mask."""
        where = np.asarray(places, int)
        found: np.ndarray[Any, Any] = (self._table["length"][where] > 0) & ~self._damaged[where]
        return found

    def missing(self, places: Sequence[int] | np.ndarray[Any, Any]) -> list[int]:
        """Those of these places that have no entry."""
        where = np.asarray(places, int)
        return [int(place) for place in where[~self.holds(where)]]

    @property
    def groups(self) -> np.ndarray[Any, Any]:
        """To which batch each entry belongs."""
        return np.array(self._table["group"])

    @property
    def tags(self) -> np.ndarray[Any, Any]:
        """What each entry was tagged with; -2 where there is none."""
        return np.where(self.holds(np.arange(len(self))), self._table["tag"], -2)

    def sound(self, places: Sequence[int] | np.ndarray[Any, Any]) -> bool:
        """Whether all these places have an entry, and what was written."""
        for place in np.asarray(places, int)[~self._checked[np.asarray(places, int)]]:
            try:
                self._content(int(place))
            except KeyError:
                return False
        return True

    def put(
        self,
        place: int,
        content: bytes | memoryview,
        digest: bytes,
        group: int = 0,
        tag: int = 0,
    ) -> bool:
        """Write an entry, within :meth:`ImageCache.writing`; returns whether there was room.

        Args:
            place: of the entry.
            content: what :func:`nasea.backends.data.packing.pack` gave.
            digest: of the content, see :func:`digest_of`.
            group: the batch it came in.
            tag: another number of the image.
        """
        assert len(content) % ALIGNMENT == 0, "the next entry has to begin at a multiple"
        start = self.cache.append(content)
        if start is None:
            return False
        # The length last: an entry that has one is whole.
        row = self._table[place : place + 1]
        row["start"], row["group"], row["tag"] = start, group, tag
        row["digest"] = np.void(digest)
        row["length"] = len(content)
        self._damaged[place] = self._checked[place] = False
        return True

    def get(self, place: int, copies: bool = True) -> Any:
        """The value of an entry.

        Args:
            place: where.
            copies: whether its arrays are copies; else they must not be written to.

        Raises:
            KeyError: there is none, or it is not what was written.
        """
        return unpack(self._content(place), copies)

    def _content(self, place: int) -> memoryview:
        length = int(self._table["length"][place])
        if not length or self._damaged[place]:
            raise KeyError(place)
        content = self.cache.view(int(self._table["start"][place]), length)
        if not self._checked[place]:
            if digest_of(content) != self._table["digest"][place].tobytes():
                self._damaged[place] = True
                raise KeyError(place)
            self._checked[place] = True
        return content


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"


def new_name() -> str:
    """A name for :class:`ImageCache` that nobody guesses."""
    return secrets.token_hex(16)


def digest_of(content: bytes | memoryview) -> bytes:
    """What tells whether an entry is what was written."""
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def sweep() -> None:
    """Remove what killed runs of this user have left where temporary files go."""
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with suppress(OSError):
                if _is_mine(folder):
                    _remove_unused(folder)


def _is_mine(folder: Path) -> bool:
    # Where the system knows no owners (Windows), temporary files are each user's own.
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _entered(folder: Path) -> tuple[Path, FileLock]:
    """The folder, made where it is not there yet, and the lock that says it is used.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    for _ in range(100):
        folder.mkdir(0o700, exist_ok=True)
        if not _is_mine(folder) or (os.name == "posix" and folder.stat().st_mode & 0o077):
            raise PermissionError(f"{folder} is open to others")
        with suppress(FileNotFoundError), FileLock(folder / _DOOR, poll_interval=_POLL):
            lock = FileLock(folder / f"{_USER}{secrets.token_hex(8)}", thread_local=False)
            lock.acquire(blocking=False)
            return folder, lock
        # Another process took it for left over, and removed it.
    raise FileNotFoundError(folder)


def _leave(folder: Path | None, lock: FileLock | None, process: int) -> None:
    # A process that was forked from this one uses it only as long as this one does.
    if folder is None or lock is None or os.getpid() != process:
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
