"""The results directory: complete or not there, nothing earlier lost."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from nasea.errors import ResultsError
from nasea.results.front import Front, FrontMember
from nasea.results.storage import exchange
from nasea.results.storage.store import RenderedModel, check_writable, write_results

from .builders import make_front, make_info
from .storing import FIRST, names, snapshot, write

FILES = {
    "front.json",
    "model_arch_result_0.pt",
    "model_arch_result_0.py",
    "model_arch_result_1.pt",
    "model_arch_result_1.py",
    "pareto.csv",
    "pareto.png",
    "report.html",
}
SECOND = make_front(0.7, 0.9)


@pytest.fixture(params=[True, False], ids=["exchange", "rename"])
def _exchanging(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(exchange, "_exchange", lambda one, other: False)


def test_everything_is_written(tmp_path: Path) -> None:
    assert write(tmp_path / "made") is None
    results = tmp_path / "made" / "results"
    assert names(results) == FILES
    found = Front.load(results / "front.json")
    assert [name for name, _ in found.info.weights] == [
        "model_arch_result_0.pt",
        "model_arch_result_1.pt",
    ]
    assert replace(found, info=replace(found.info, weights=())) == FIRST
    assert (results / "model_arch_result_1.py").read_text() == "# 0.8\n"
    assert (results / "model_arch_result_1.pt").read_text() == "weights of 0.8"
    assert (results / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert names(tmp_path / "made") == {"results"}


def test_tensorflow_weights_have_their_own_suffix(tmp_path: Path) -> None:
    write(tmp_path, make_front(0.7, info=make_info(framework="TensorFlow")))
    assert "model_arch_result_0.weights.h5" in names(tmp_path / "results")


@pytest.mark.usefixtures("_exchanging", "_no_drawing")
def test_earlier_results_are_kept_under_the_first_free_name(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    first = snapshot(tmp_path / "results")
    assert write(tmp_path, SECOND) == tmp_path / "results.1"
    second = snapshot(tmp_path / "results")
    (tmp_path / "results.2").symlink_to("nowhere")
    assert write(tmp_path, FIRST) == tmp_path / "results.3"
    assert snapshot(tmp_path / "results.1") == first
    assert snapshot(tmp_path / "results.3") == second
    assert snapshot(tmp_path / "results") == first
    assert names(tmp_path) == {"results", "results.1", "results.2", "results.3"}


@pytest.mark.usefixtures("_no_drawing")
def test_the_same_results_are_left_untouched(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    results = tmp_path / "results"
    (results / "__pycache__").mkdir()
    (results / "report.html").write_text("with a remark of mine")
    before = snapshot(results)
    later = replace(FIRST, info=replace(FIRST.info, created="2026-01-01T00:00:00+00:00"))
    assert write(tmp_path, later) is None
    assert names(tmp_path) == {"results"}
    assert names(results) == FILES | {"__pycache__"}
    assert snapshot(results) == before


@pytest.mark.usefixtures("_no_drawing")
def test_what_was_made_from_results_stays_with_them(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    made = tmp_path / "results" / "exported" / "model.onnx"
    made.parent.mkdir()
    made.write_text("made of the first")
    assert write(tmp_path, FIRST) is None
    assert made.is_file()
    assert write(tmp_path, SECOND) == tmp_path / "results.1"
    assert (tmp_path / "results.1" / "exported" / "model.onnx").read_text() == "made of the first"
    assert not made.exists()


@pytest.mark.usefixtures("_exchanging", "_no_drawing")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("model_arch_result_1.py", "edited"),
        ("model_arch_result_1.py", "removed"),
        ("model_arch_result_1.py", "replaced"),
        ("model_arch_result_0.pt", "edited"),
        ("model_arch_result_0.pt", "replaced"),
    ],
)
def test_models_and_weights_that_were_worked_on_are_kept(
    tmp_path: Path, name: str, change: str
) -> None:
    write(tmp_path, FIRST)
    mine = tmp_path / "results" / name
    content = mine.read_bytes()
    mine.unlink()
    if change == "edited":
        mine.write_bytes(content[:-1] + b"!")  # as long as before
    elif change == "replaced":
        mine.mkdir()
    before = snapshot(tmp_path / "results")
    assert write(tmp_path, FIRST) == tmp_path / "results.1"
    assert snapshot(tmp_path / "results.1") == before
    assert (tmp_path / "results" / name).read_bytes() == content


@pytest.mark.usefixtures("_no_drawing")
@pytest.mark.parametrize("change", ["seed", "member", "file", "damage"])
def test_anything_else_is_kept(tmp_path: Path, change: str) -> None:
    write(tmp_path, FIRST)
    front = FIRST
    results = tmp_path / "results"
    if change == "seed":
        front = replace(FIRST, info=replace(FIRST.info, seed=8))
    elif change == "member":
        members = (replace(FIRST.members[0], metric=0.31), FIRST.members[1])
        front = replace(FIRST, members=members)
    elif change == "file":
        (results / "model_arch_result_1.onnx").touch()
    else:
        (results / "front.json").write_text("{")
    before = snapshot(results)
    assert write(tmp_path, front) == tmp_path / "results.1"
    assert snapshot(tmp_path / "results.1") == before


@pytest.mark.usefixtures("_no_drawing")
def test_a_file_or_a_link_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("mine")
    assert write(tmp_path) == tmp_path / "results.1"
    assert (tmp_path / "results.1").read_text() == "mine"
    (tmp_path / "results").rename(tmp_path / "elsewhere")
    (tmp_path / "results").symlink_to("elsewhere")
    assert write(tmp_path) == tmp_path / "results.2"
    assert (tmp_path / "results.2").is_symlink()
    assert names(tmp_path / "elsewhere") == names(tmp_path / "results") == FILES


@pytest.mark.usefixtures("_no_drawing")
def test_an_empty_directory_in_the_way_is_not(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    assert write(tmp_path) is None
    assert names(tmp_path) == {"results"}


@pytest.mark.usefixtures("_exchanging", "_no_drawing")
def test_a_kill_at_any_moment_leaves_results_that_are_complete(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    write(tmp_path / "new", SECOND)
    new = snapshot(tmp_path / "new" / "results")
    exchanging = "exchange" in request.node.callspec.id and _can_exchange(tmp_path)
    steps = 0
    while True:
        home = tmp_path / str(steps)
        write(home, FIRST)
        old = snapshot(home / "results")
        if _survives(home, steps):
            break
        complete = [snapshot(path) for path in home.glob("results*")]
        assert all(content in (old, new) for content in complete)
        assert old in complete
        assert (home / "results").exists() or not exchanging

        write(home, SECOND)  # starting again
        assert snapshot(home / "results") == new
        assert old in [snapshot(path) for path in home.glob("results.*")]
        assert not list(home.glob(".*"))
        steps += 1
    assert steps > 10


def _can_exchange(directory: Path) -> bool:
    """Whether names can be exchanged here; not every file system can."""
    one, other = directory / "one", directory / "other"
    one.mkdir()
    other.mkdir()
    return exchange._exchange(one, other)


def _survives(home: Path, steps: int) -> bool:
    """Write in a process that dies before its ``steps``-th change to the disk."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, 9)
        return code == 0
    left = steps

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        changing = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "ctypes.dlsym")
        if event in changing:
            if left == 0:
                os._exit(9)
            left -= 1

    try:
        sys.addaudithook(hook)
        write(home, SECOND)
        os._exit(0)
    finally:
        os._exit(1)


def test_a_wrong_parameter_count_is_refused(tmp_path: Path) -> None:
    models = [RenderedModel(0, ""), RenderedModel(1, "")]
    with pytest.raises(ResultsError, match="architecture 1 has 5 parameters, .* 4,000,000"):
        write_results(tmp_path / "results", FIRST, models, lambda member, path: 5)
    assert names(tmp_path) == set()


@pytest.mark.usefixtures("_no_drawing")
def test_a_full_disk_is_told_and_cleaned_up(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    before = snapshot(tmp_path / "results")

    def full(member: FrontMember, path: Path) -> int:
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    models = [RenderedModel(0, ""), RenderedModel(1, "")]
    with pytest.raises(ResultsError, match="results: No space left on device") as message:
        write_results(tmp_path / "results", SECOND, models, full)
    assert "free some space" in str(message.value)
    assert names(tmp_path) == {"results"}
    assert snapshot(tmp_path / "results") == before


_Usage = namedtuple("_Usage", "total used free")


@pytest.mark.parametrize("free, message", [(0, ResultsError), (10**9, RuntimeError)])
def test_a_runtime_error_is_told_as_a_full_disk_only_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, message: type[Exception]
) -> None:
    def save(member: FrontMember, path: Path) -> int:
        raise RuntimeError("unexpected pos 576 vs 534")

    monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage(10**9, 10**9 - free, free))
    models = [RenderedModel(0, ""), RenderedModel(1, "")]
    with pytest.raises(message):
        write_results(tmp_path / "results", FIRST, models, save)
    assert names(tmp_path) == set()


def test_an_interrupted_write_is_cleaned_up(tmp_path: Path) -> None:
    def interrupt(member: FrontMember, path: Path) -> int:
        raise KeyboardInterrupt

    models = [RenderedModel(0, ""), RenderedModel(1, "")]
    with pytest.raises(KeyboardInterrupt):
        write_results(tmp_path / "results", FIRST, models, interrupt)
    assert names(tmp_path) == set()


def test_check_writable_leaves_nothing_but_the_parent(tmp_path: Path) -> None:
    check_writable(tmp_path / "made" / "results")
    assert names(tmp_path / "made") == set()


def test_check_writable_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    (tmp_path / ".results.new").mkdir()
    (tmp_path / ".results.new" / "model_arch_result_0.pt").touch()
    check_writable(tmp_path / "results")
    assert names(tmp_path) == set()


def test_check_writable_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="cannot write .*/file/results"):
        check_writable(tmp_path / "file" / "results")

    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", lambda path, *_, **__: refuse(path))
    with pytest.raises(ResultsError, match="results: Read-only file system"):
        check_writable(tmp_path / "results")
