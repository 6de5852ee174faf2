"""Results that a repeated search finds, and weights files that are left out for want of room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasea.results.front import Front, FrontMember
from nasea.results.storage import store
from nasea.results.storage.store import RenderedModel, write_results
from nasea.results.storage.unchanged import unchanged

from .builders import make_front
from .storing import FIRST, names, snapshot, write

# --- results that are there ---

TRAINED = replace(FIRST, info=replace(FIRST.info, supernet="of this digest"))


def again(home: Path, front: Front = TRAINED) -> Front | None:
    texts = [f"# {member.accuracy}\n" for member in front]
    return unchanged(home / "results", front, texts, None)


@pytest.mark.usefixtures("_no_drawing")
def test_results_that_are_there_are_recognised_without_making_weights(tmp_path: Path) -> None:
    assert again(tmp_path) is None
    write(tmp_path, TRAINED)
    later = replace(TRAINED, info=replace(TRAINED.info, created="2026-01-01T00:00:00+00:00"))
    found = again(tmp_path, later)
    assert found is not None and len(found.info.weights) == 2
    assert found.info.created == later.info.created and found.members == later.members
    (tmp_path / "results" / "report.html").write_text("with a remark of mine")
    assert again(tmp_path) is not None


@pytest.mark.usefixtures("_no_drawing")
@pytest.mark.parametrize(
    "change", ["weights", "no weights", "model", "file", "no figure", "supernet", "scores"]
)
def test_any_change_has_results_written_again(tmp_path: Path, change: str) -> None:
    write(tmp_path, TRAINED)
    results, front = tmp_path / "results", TRAINED
    if change == "weights":
        (results / "model_arch_result_1.pt").write_bytes(b"trained further")
    elif change == "no weights":
        (results / "model_arch_result_1.pt").unlink()
    elif change == "model":
        (results / "model_arch_result_0.py").write_text("# edited")
    elif change == "file":
        (results / "mine.txt").touch()
    elif change == "no figure":
        (results / "pareto.png").unlink()
    elif change == "supernet":
        front = replace(front, info=replace(front.info, supernet="another"))
    else:
        front = replace(front, evaluated=front.evaluated[1:])
    assert again(tmp_path, front) is None


# --- a limit for weights ---


def limited(home: Path, front: Front, limit: int | None) -> store.Written:
    """Write with files as large as weights are."""

    def save(member: FrontMember, path: Path) -> int:
        path.write_bytes(bytes(4 * member.parameters))
        return member.parameters

    models = [RenderedModel(member.number, "") for member in front]
    return write_results(home / "results", front, models, save, weights_limit=limit)


@pytest.mark.usefixtures("_no_drawing")
def test_weights_beyond_the_limit_are_left_out_and_told(tmp_path: Path) -> None:
    front = make_front(0.5, 0.6, 0.7, 0.8, 0.9)
    sizes = [4 * member.parameters for member in front]
    everything = limited(tmp_path / "all", front, sum(sizes))
    assert everything.unwritten == () and everything.notices() == []
    assert len(everything.front.info.weights) == 5
    room = sum(sizes) - min(sizes)
    found = limited(tmp_path, front, room)
    results = tmp_path / "results"
    there = [m.number for m in front if (results / front.files_of(m)[1]).exists()]
    assert sorted([*there, *found.unwritten]) == [0, 1, 2, 3, 4]
    assert found.unwritten and sum(sizes[number] for number in there) <= room
    assert front.best.number in there
    assert all((results / front.files_of(m)[0]).exists() for m in front)
    (notice,) = found.notices()
    assert f"{len(found.unwritten)} of 5 networks" in notice.text
    assert limited(tmp_path / "none", front, 0).unwritten == (0, 1, 2, 3, 4)


@pytest.mark.usefixtures("_no_drawing")
def test_weights_that_were_left_out_do_not_make_results_others(tmp_path: Path) -> None:
    front = make_front(0.5, 0.6, 0.7)
    sizes = [4 * member.parameters for member in front]
    results = tmp_path / "results"
    assert limited(tmp_path, front, max(sizes)).unwritten
    # Written when they were needed, here by somebody who wrote something of his own.
    late = results / front.files_of(front[limited(tmp_path, front, max(sizes)).unwritten[0]])[1]
    late.write_bytes(b"late")
    repeated = limited(tmp_path, front, max(sizes))
    assert repeated.earlier is None
    assert not any(late.name in front.files_of(front[n]) for n in repeated.unwritten)
    assert late.read_bytes() == b"late"
    late.unlink()
    # With more room the missing ones are added, and nothing else is touched.
    before = snapshot(results)
    assert limited(tmp_path, front, None).earlier is None
    after = snapshot(results)
    assert before.pop("front.json") != after["front.json"], "it names the new files"
    assert before.items() < after.items()
    assert all((results / name).exists() for m in front for name in front.files_of(m))
    assert names(tmp_path) == {"results"}
