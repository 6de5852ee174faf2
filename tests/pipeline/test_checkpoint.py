from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasea.errors import CheckpointError, Notice
from nasea.pipeline.session.checkpoint import CheckpointStore, read

META = {"epoch": 3, "scores": [[0, 1], 0.1, None, "größer"], "deep": {"a": 1e-05}}
PAYLOAD = bytes(range(256)) * 3

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
shared_directory = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "checkpoint", "train")


def numbered(store: CheckpointStore, count: int) -> None:
    for number in range(1, count + 1):
        store.save({"number": number}, PAYLOAD)


def load(store: CheckpointStore) -> tuple[int, list[Notice]]:
    notices: list[Notice] = []
    found = store.load(notices)
    assert found is not None
    return found.meta["number"], notices


def test_nothing_saved_is_nothing_found(store: CheckpointStore) -> None:
    assert store.load([]) is None
    assert store.files() == []
    store.clear()


@given(meta=st.dictionaries(st.text(), json_values, max_size=4), payload=st.binary())
@shared_directory
def test_what_is_saved_is_loaded(tmp_path: Path, meta: dict[str, Any], payload: bytes) -> None:
    store = CheckpointStore(tmp_path / "checkpoint", "train")
    digest = store.save(meta, payload)
    found = store.load([])
    assert found is not None
    assert (found.meta, found.payload, found.digest) == (meta, payload, digest)


def test_the_digest_depends_on_the_content_alone(store: CheckpointStore) -> None:
    first = store.save({"a": 1, "b": 2}, PAYLOAD)
    assert store.save({"b": 2, "a": 1}, PAYLOAD) == first
    assert store.save({"a": 1, "b": 3}, PAYLOAD) != first
    assert store.save({"a": 1, "b": 2}, PAYLOAD[1:]) != first


def test_two_are_kept_and_kinds_do_not_mix(store: CheckpointStore) -> None:
    other = CheckpointStore(store.directory, "search")
    other.save({"number": 9})
    numbered(store, 12)
    names = ["train-000011.ckpt", "train-000012.ckpt"]
    assert [path.name for path in store.files()] == names
    assert load(store) == (12, [])
    store.clear()
    assert store.files() == []
    assert load(other) == (9, [])


@given(where=st.floats(0, 1, exclude_max=True))
@shared_directory
def test_a_truncated_file_is_refused(tmp_path: Path, where: float) -> None:
    content = written(tmp_path)
    path = tmp_path / "cut.ckpt"
    path.write_bytes(content[: int(where * len(content))])
    with pytest.raises(CheckpointError, match="damaged|not a checkpoint"):
        read(path)


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@shared_directory
def test_a_flipped_bit_never_changes_what_is_read(tmp_path: Path, where: float, bit: int) -> None:
    content = bytearray(written(tmp_path))
    content[int(where * len(content))] ^= 1 << bit
    path = tmp_path / "flipped.ckpt"
    path.write_bytes(content)
    try:
        found = read(path)
    except CheckpointError:
        return
    assert (found.meta, found.payload) == (META, PAYLOAD)  # JSON spells some values in two ways


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"PK\x03\x04 a zip file, as torch writes it",
        b"nasea-checkpoint 1\n[]\n",
        b'nasea-checkpoint 1\n{"meta": {}, "bytes": 0}\n',
        b'nasea-checkpoint 1\n{"meta": {}, "bytes": 0, "digest": "0"}\n',
        b"nasea-checkpoint 1\n" + b"[" * 100_000,
        b"nasea-checkpoint 1\n\xff\xfe\x00\n",
        b"nasea-checkpoint 2\n{}\n",
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "train-000001.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        read(path)


def test_when_the_newest_is_damaged_the_one_before_is_used(store: CheckpointStore) -> None:
    numbered(store, 3)
    newest = store.files()[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    number, notices = load(store)
    assert number == 2
    (notice,) = notices
    assert newest.name in notice.text
    assert "resuming from train-000002.ckpt" in notice.text


def test_when_all_are_damaged_nothing_is_begun_anew_unasked(store: CheckpointStore) -> None:
    numbered(store, 2)
    for path in store.files():
        path.write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match="no checkpoint is intact") as caught:
        store.load([])
    assert "000001" in caught.value.message and "000002" in caught.value.message
    assert "--restart" in str(caught.value.fix)
    assert len(store.files()) == 2


@pytest.mark.parametrize("name", ["fsync", "rename"])
def test_a_full_disk_costs_nothing_that_was_there(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    numbered(store, 2)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        if name == "fsync":
            patched.setattr(os, "fsync", full)
        else:
            patched.setattr(Path, "replace", full)
        with pytest.raises(CheckpointError, match="No space left on device") as caught:
            store.save({"number": 3}, PAYLOAD)
    assert "make room" in str(caught.value.fix)
    assert sorted(path.name for path in store.directory.iterdir()) == [
        "train-000001.ckpt",
        "train-000002.ckpt",
    ]
    assert load(store) == (2, [])


def test_a_kill_before_the_rename_is_harmless(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbered(store, 2)

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", kill)
        with pytest.raises(Killed):
            store.save({"number": 3}, PAYLOAD)
    assert len(list(store.directory.iterdir())) == 3, "as a kill, it leaves the temporary file"
    assert load(store) == (2, [])
    store.save({"number": 3}, PAYLOAD)
    assert load(store) == (3, [])
    assert len(list(store.directory.iterdir())) == 2


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("a file")
    with pytest.raises(CheckpointError, match="cannot be written"):
        CheckpointStore(tmp_path / "checkpoint", "train").save({})


def written(directory: Path) -> bytes:
    """The bytes of an intact file."""
    store = CheckpointStore(directory / "checkpoint", "train")
    if not store.files():
        store.save(META, PAYLOAD)
    return store.files()[0].read_bytes()
