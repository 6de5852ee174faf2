"""Decoded images in a memory-mapped file, which all processes of a machine share.

A folder holds one file with all entries and a small table for each kind of entry. A process that
misses entries appends them, one process at a time. The operating system loads entries into memory
as they are read and drops them when memory is short: they are part of its page cache.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nasea.backends.data.packing import ALIGNMENT, NotPackable, pack, unpack
from nasea.backends.memory import available_memory
from nasea.backends.shared_folder import SharedFolder, sweep
from nasea.errors import Notice

SHARE = 0.5
"""The cache takes at most this share of the free disk, and of the memory that is available."""

_DATA, _WRITER = "entries", "writer"
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
    """Images decoded by the processes of one backend on one machine.

    The files are in a :class:`~nasea.backends.shared_folder.SharedFolder`. If they are deleted
    while the cache is used (temporary files are cleaned up), they are created again and the images
    are decoded again.

    Attributes:
        is_full: whether there was no room for an entry.
        generation: how often the files were lost.

    Args:
        name: the same for all processes that share it, and hard to guess: entries are unpickled.
        limit: maximum size in bytes; ``None`` for :data:`SHARE` of what is free.
    """

    def __init__(self, name: str, limit: int | None = None) -> None:
        self._limit = limit
        self._writing = False
        self._room = 0
        self.is_full = False
        self.generation = 0
        sweep()
        self._enter(name)

    def _enter(self, name: str) -> None:
        self._name = name
        try:
            self._shared: SharedFolder | None = SharedFolder(f"images-{name}")
        except OSError:  # no place for temporary files: nothing is kept
            self._shared = None
        self._data: int | None = None
        self._map: memoryview = memoryview(b"")

    @property
    def _folder(self) -> Path | None:
        return None if self._shared is None else self._shared.path

    def close(self) -> None:
        """Remove the files, unless another process uses them."""
        self._map = memoryview(b"")
        if self._shared is not None:
            self._shared.close()

    def open_table(self, name: str, entries: int) -> CacheTable:
        """Open a table of entries, the same for all processes.

        Args:
            name: of the table.
            entries: how many there may be; their places are counted from 0.
        """
        return CacheTable(self, name, entries)

    def records(self, name: str, entries: int) -> np.ndarray[Any, Any]:
        """Return the records of a table, the same for all processes."""
        with self.writing():
            if self._folder is None:
                return np.zeros(entries, _ENTRY)
            path = self._folder / f"{name}.{entries}.table"
            if not path.exists() or path.stat().st_size != entries * _ENTRY.itemsize:
                try:
                    path.write_bytes(bytes(entries * _ENTRY.itemsize))
                except OSError:  # the disk is full: a table of this process alone
                    path.unlink(missing_ok=True)
                    return np.zeros(entries, _ENTRY)
            return np.memmap(path, _ENTRY, "r+", shape=(entries,))

    def once(self, name: str, count: int, make: Callable[[], list[Value]]) -> list[Value]:
        """Return values that one process makes for all, stored as far as there is room.

        Args:
            name: of the values.
            count: how many there are.
            make: makes them; gives the same in every process.

        Returns:
            The values; their arrays must not be written to.
        """
        table = self.open_table(name, count)
        with self.writing():
            if not table.sound(range(count)):
                made = make()
                with suppress(NotPackable):
                    packed = [pack(value) for value in made]
                    for place, content in enumerate(packed):
                        if not table.put(place, content, digest_of(content)):
                            break
                if not table.sound(range(count)):
                    return made
            return [table.get(place, copies=False) for place in range(count)]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other processes from writing while entered."""
        if self._writing or self._shared is None:
            yield
            return
        self._require_files()
        with nullcontext() if self._shared is None else self._shared.locked(_WRITER):
            self._writing, self._room = True, self.limit
            try:
                yield
            finally:
                self._writing = False

    def _require_files(self) -> None:
        """Create the files again if somebody else deleted them."""
        assert self._shared is not None, "no files without a folder"
        with suppress(OSError):
            if self._shared.is_intact:
                data = self._shared.path / _DATA
                found = data.stat().st_ino if data.exists() else None
                if self._data is None:
                    self._data = found
                if found == self._data:
                    return
                if found is None:  # the tables that are left describe what is gone
                    for table in self._shared.path.glob("*.table"):
                        table.unlink(missing_ok=True)
        self.generation += 1
        self._enter(self._name)

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

    def cache_notices(self, images: int, image_bytes: int, then: str) -> list[Notice]:
        """Return a notice if the cache is too small for all evaluation images.

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

    def without_room(self, images: int, image_bytes: int) -> int:
        """Return how many of some evaluation images the cache has no room for.

        Args:
            images: how many there are.
            image_bytes: of each, decoded; 0 if they cannot be kept.
        """
        if image_bytes == 0:
            return images
        return max(0, images - self.limit // image_bytes)

    def append(self, content: bytes | memoryview) -> int | None:
        """Write an entry and return where it begins; ``None`` if there is no room for it.

        Call it within :meth:`writing`, which decides at its beginning how much room there is.
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
        """Return the bytes of an entry; writing to them changes nothing outside this process.

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


class CacheTable:
    """Entries of one kind, such as the validation images; see :meth:`ImageCache.open_table`.

    Args:
        cache: holds their bytes.
        name: of the table.
        entries: how many there may be.
    """

    def __init__(self, cache: ImageCache, name: str, entries: int) -> None:
        self.cache = cache
        self._name = name
        self._entries = entries
        self._open()

    def _open(self) -> None:
        self._places = self.cache.records(self._name, self._entries)
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
        """Return which of these places have an entry, as a mask."""
        where = np.asarray(places, int)
        lengths = self._table["length"][where]
        found: np.ndarray[Any, Any] = (lengths > 0) & ~self._damaged[where]
        return found

    def missing(self, places: Sequence[int] | np.ndarray[Any, Any]) -> list[int]:
        """Return those of these places that have no entry."""
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
        """Return whether all these places have an intact entry."""
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
        """Write an entry, within :meth:`ImageCache.writing`; return whether there was room.

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
        """Return the value of an entry.

        Args:
            place: of the entry.
            copies: whether its arrays are copies; else they must not be written to.

        Raises:
            KeyError: there is no entry, or it is damaged.
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
    """Return a name for :class:`ImageCache` that nobody can guess."""
    return secrets.token_hex(16)


def digest_of(content: bytes | memoryview) -> bytes:
    """Return a digest that shows whether an entry is intact."""
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
