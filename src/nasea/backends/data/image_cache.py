"""Decoded images in a memory-mapped file, which all processes of a machine share.

A folder holds one file with the entries one behind the other, and a small table for each shelf of
them. Whoever misses entries appends them, one process at a time. Entries are copied into memory by
the system as they are read, and dropped by it when memory is short: they count as its page cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nasea.backends.data.packing import ALIGNMENT, NotPackable, pack, unpack
from nasea.backends.memory import available_memory
from nasea.errors import Notice

SHARE = 0.5
"""The cache takes at most this share of the free disk, and of the memory that is available."""

_PREFIX = "nasea-images-"
_DATA, _LOCK, _WRITER = "entries", "lock", "writer"
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
    it holds a lock on it; the last one removes it. What a killed run left is removed by the next
    run: nobody holds its lock. Whoever cleans up temporary files may remove it while a long search
    runs: then it is made again, and what it held is decoded again.

    Attributes:
        is_full: whether an entry found no room.
        generation: how often the files were lost.

    Args:
        name: the same for all processes that share it, and hard to guess: entries are unpickled.
        limit: bytes it may take; ``None`` for :data:`SHARE` of what is free.
    """

    def __init__(self, name: str, limit: int | None = None) -> None:
        self._limit = limit
        self._writing = False
        self._room = 0
        self.is_full = False
        self.generation = 0
        sweep()
        self._enter(Path(tempfile.gettempdir()) / f"{_PREFIX}{name}")

    def _enter(self, folder: Path) -> None:
        self._folder: Path | None = None
        self._lock = -1
        with suppress(OSError):  # no place for temporary files: nothing is kept
            self._folder, self._lock = _entered(folder)
        self._close = weakref.finalize(self, _leave, self._folder, self._lock, os.getpid())
        self._data: int | None = None
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
        return Shelf(self, name, entries)

    def table(self, name: str, entries: int) -> np.ndarray[Any, Any]:
        """Where the entries of a shelf are, the same for all processes."""
        with self.writing():
            if self._folder is None:
                return np.zeros(entries, _ENTRY)
            path = self._folder / f"{name}.{entries}.table"
            if not path.exists() or path.stat().st_size != entries * _ENTRY.itemsize:
                np.zeros(entries, _ENTRY).tofile(path)
            return np.memmap(path, _ENTRY, "r+", shape=(entries,))

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
        if self._folder is not None and not self._writing:
            self._require_files()
        if self._folder is None or self._writing:
            yield
            return
        with (self._folder / _WRITER).open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            self._writing, self._room = True, self.limit
            try:
                yield
            finally:
                self._writing = False
                fcntl.flock(stream, fcntl.LOCK_UN)  # also for workers that were forked meanwhile

    def _require_files(self) -> None:
        """Make the files again if somebody else removed them."""
        assert self._folder is not None, "no files without a folder"
        with suppress(OSError):
            if _is_file(self._folder / _LOCK, self._lock):
                data = self._folder / _DATA
                found = data.stat().st_ino if data.exists() else None
                if self._data is None:
                    self._data = found
                if found == self._data:
                    return
                if found is None:  # the tables that are left describe what is gone
                    for table in self._folder.glob("*.table"):
                        table.unlink(missing_ok=True)
        self.generation += 1
        folder, finished = self._folder, self._close.detach()
        self._enter(folder)
        if finished is not None:
            os.close(finished[2][1])

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
                self._data = os.fstat(stream.fileno()).st_ino
            except OSError:  # the disk is full after all
                os.ftruncate(stream.fileno(), start)
                self.is_full = True
                return None
        return start

    def view(self, start: int, length: int) -> memoryview:
        """Bytes of an entry; what is written into them stays in this process.

        Raises:
            OSError: the file is gone.
        """
        if start + length > len(self._map):
            assert self._folder is not None, "no entry without a folder"
            with (self._folder / _DATA).open("rb") as stream:
                found = os.fstat(stream.fileno()).st_ino
                if self._data not in (None, found):
                    raise FileNotFoundError(stream.name)  # this one was made since
                self._data = found
                self._map = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY))
        return self._map[start : start + length]


class Shelf:
    """Entries of one kind, such as the validation images; see :meth:`ImageCache.shelf`.

    Args:
        cache: where their bytes are.
        name: of the shelf.
        entries: how many there may be.
    """

    def __init__(self, cache: ImageCache, name: str, entries: int) -> None:
        self.cache = cache
        self._name = name
        self._entries = entries
        self._open()

    def _open(self) -> None:
        self._places = self.cache.table(self._name, self._entries)
        self._generation = self.cache.generation
        self._damaged = np.zeros(self._entries, bool)
        self._checked = np.zeros(self._entries, bool)

    @property
    def _table(self) -> np.ndarray[Any, Any]:
        if self._generation != self.cache.generation:  # the files were lost
            self._open()
        return self._places

    def __len__(self) -> int:
        return self._entries

    def holds(self, places: Sequence[int] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Which of these places have an entry, as a mask."""
        where = np.asarray(places, int)
        lengths = self._table["length"][where]
        found: np.ndarray[Any, Any] = (lengths > 0) & ~self._damaged[where]
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
        where = np.asarray(places, int)
        if not self.holds(where).all():
            return False
        for place in where[~self._checked[where]]:
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
        try:
            content = self.cache.view(int(self._table["start"][place]), length)
        except OSError:  # removed by somebody else: the next that writes makes the files again
            raise KeyError(place) from None
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
                if folder.stat().st_uid == os.getuid():
                    _remove_unused(folder, os.open(folder / _LOCK, os.O_RDWR))


def _entered(folder: Path) -> tuple[Path, int]:
    """The folder, made where it is not there yet, and a lock on it.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    for _ in range(100):
        folder.mkdir(0o700, exist_ok=True)
        about = folder.stat()
        if about.st_uid != os.getuid() or about.st_mode & 0o077:
            raise PermissionError(f"{folder} is open to others")
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # another process took it for left over, and removed it
            continue
        fcntl.flock(lock, fcntl.LOCK_SH)
        if _is_file(folder / _LOCK, lock):
            return folder, lock
        os.close(lock)
    raise FileNotFoundError(folder)


def _is_file(path: Path, descriptor: int) -> bool:
    """Whether an open file is the one at a path."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _leave(folder: Path | None, lock: int, process: int) -> None:
    # A process that was forked from this one has a lock of its own only when it makes one.
    if folder is not None and os.getpid() == process:
        _remove_unused(folder, lock)


def _remove_unused(folder: Path, lock: int) -> None:
    """Remove a folder, unless another process has locked it; gives up the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_file(folder / _LOCK, lock):  # and not of a folder that was removed and made again
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        pass
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)
