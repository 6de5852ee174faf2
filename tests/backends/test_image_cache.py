"""The file of decoded images: one process reads for all; what comes out is what went in."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nasea.backends.data.image_cache import CacheTable, ImageCache, digest_of, new_name
from nasea.backends.data.packing import ALIGNMENT, NotPackable, pack, unpack

TYPES = ["uint8", "int64", "float16", "float32", "float64", "bool"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def put(table: CacheTable, place: int, value: object) -> bool:
    content = pack(value)
    with table.cache.writing():
        return table.put(place, content, digest_of(content))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(TYPES).flatmap(lambda kind: arrays(kind, array_shapes(max_side=5))),
        max_size=4,
    ),
    st.booleans(),
)
def test_what_is_packed_comes_out_again(values: list[Any], copies: bool) -> None:
    packed = pack({"arrays": values, "rest": (1, "two", None)})
    assert len(packed) % ALIGNMENT == 0
    found = unpack(memoryview(bytearray(packed)), copies)
    assert found["rest"] == (1, "two", None)
    for before, after in zip(values, found["arrays"], strict=True):
        assert before.dtype == after.dtype and before.shape == after.shape
        assert before.tobytes() == after.tobytes()
        after[...] = 0  # may be written to


def test_what_cannot_be_packed_is_told() -> None:
    with pytest.raises(NotPackable, match="lambda"):
        pack(lambda: None)


def test_entries_of_one_process_are_those_of_another(folder: Path) -> None:
    name = new_name()
    one, other = ImageCache(name), ImageCache(name)
    mine, theirs = one.open_table("images", 3), other.open_table("images", 3)
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert put(mine, 1, (pixels, 7))
    assert theirs.missing(range(3)) == [0, 2]
    found, label = theirs.get(1, copies=False)
    assert found.dtype == np.uint8 and label == 7
    found[0] = 0  # which nobody else sees
    np.testing.assert_array_equal(mine.get(1)[0], pixels)
    assert put(theirs, 0, np.zeros(100_000)) and mine.get(0).shape == (100_000,)
    with pytest.raises(KeyError):
        mine.get(2)


def test_only_the_last_process_removes_the_files(folder: Path) -> None:
    name = new_name()
    one, other = ImageCache(name), ImageCache(name)
    assert oct((folder / f"nasea-shared-images-{name}").stat().st_mode)[-3:] == "700"
    one.close()
    assert list(folder.iterdir())
    other.close()
    other.close()
    assert not list(folder.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next(folder: Path) -> None:
    code = (
        "import os, signal, tempfile\n"
        f"tempfile.tempdir = {str(folder)!r}\n"
        "from nasea.backends.data.image_cache import ImageCache\n"
        "kept = ImageCache('left')\n"
        "kept.open_table('images', 2)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    used = ImageCache("used")
    assert [path.name for path in folder.iterdir()] == ["nasea-shared-images-used"]
    ImageCache("another").close()
    assert [path.name for path in folder.iterdir()] == ["nasea-shared-images-used"]
    used.close()


def test_it_is_removed_where_nobody_closes_it(folder: Path) -> None:
    code = (
        "import tempfile\n"
        f"tempfile.tempdir = {str(folder)!r}\n"
        "from nasea.backends.data.image_cache import ImageCache\n"
        "kept = ImageCache('left')\n"
        "raise SystemExit(3)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3
    assert not list(folder.iterdir())


def test_a_damaged_entry_is_none(folder: Path) -> None:
    name = new_name()
    cache = ImageCache(name)
    table = cache.open_table("images", 2)
    put(table, 0, np.ones(1000))
    put(table, 1, np.ones(1000))
    with (folder / f"nasea-shared-images-{name}" / "entries").open("r+b") as stream:
        stream.seek(4000)
        stream.write(b"?")
    assert not table.sound([0, 1]) and table.missing([0, 1]) == [0]
    with pytest.raises(KeyError):
        table.get(0)
    assert put(table, 0, np.ones(1000)) and table.sound([0, 1])


def test_there_is_no_more_than_the_limit(folder: Path) -> None:
    cache = ImageCache(new_name(), limit=10_000)
    table = cache.open_table("images", 3)
    assert put(table, 0, np.ones(1000))
    assert not put(table, 1, np.ones(1000)) and cache.is_full
    assert table.missing(range(3)) == [1, 2] and cache.size <= 10_000
    nothing = ImageCache(new_name(), limit=0)
    assert not put(nothing.open_table("images", 3), 0, 1)


def test_what_will_find_no_room_is_told(folder: Path) -> None:
    cache = ImageCache(new_name(), limit=2 * 1024**3)
    [notice] = cache.cache_notices(50_000, 602_304, "the others are read for every candidate")
    assert str(notice) == (
        "resource.image_cache: 50,000 evaluation images take 28.0 GiB decoded, and "
        "resource.image_cache allows 2.0 GiB: the others are read for every candidate; take fewer "
        "(searcher.eval_images), allow more (this key), or set TMPDIR to a larger disk"
    )
    assert not cache.cache_notices(3000, 602_304, "")
    assert not ImageCache(new_name(), limit=0).cache_notices(50_000, 602_304, "")
    assert "half of what is free" in str(ImageCache(new_name()).cache_notices(10**9, 10**6, "")[0])


def test_without_a_place_for_files_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    cache = ImageCache(new_name())
    assert not put(cache.open_table("images", 3), 0, 1) and cache.size == cache.limit == 0
    assert cache.once("values", 2, lambda: [1, 2]) == [1, 2]


def test_values_are_made_once(folder: Path) -> None:
    name = new_name()
    made: list[int] = []

    def make() -> list[Any]:
        made.append(1)
        return [np.arange(3), "text"]

    for cache in (ImageCache(name), ImageCache(name), ImageCache(new_name(), limit=0)):
        first, second = cache.once("values", 2, make)
        assert first.tolist() == [0, 1, 2] and second == "text"
    assert len(made) == 2
    assert ImageCache(name).once("locks", 1, lambda: [os.scandir]) == [os.scandir]


@pytest.mark.parametrize("removed", ["*", "entries"])
def test_what_somebody_removes_is_made_again(folder: Path, removed: str) -> None:
    name = new_name()
    cache, other = ImageCache(name), ImageCache(name)
    table, same = cache.open_table("images", 2), other.open_table("images", 2)
    assert put(table, 0, "before") and table.get(0) == same.get(0) == "before"
    place = folder / f"nasea-shared-images-{name}"
    for path in place.glob(removed):
        path.unlink()
    if removed == "*":
        place.rmdir()
    assert table.get(0) == "before"  # which is in memory still
    assert put(table, 1, "after") and table.missing([0, 1]) == [0]
    assert put(same, 0, "again")
    for one in (table, same):
        assert one.sound([0, 1]) and one.get(0) == "again" and one.get(1) == "after"
    cache.close()
    other.close()
    assert not list(folder.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device without room")
def test_without_room_for_a_table_a_process_has_its_own(folder: Path) -> None:
    cache = ImageCache(new_name())
    place = next(folder.iterdir())
    (place / "images.8.table").symlink_to("/dev/full")
    table = cache.open_table("images", 8)
    assert put(table, 3, np.arange(4))
    assert table.get(3).tolist() == [0, 1, 2, 3]
    cache.close()
