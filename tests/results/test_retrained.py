from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nasea.errors import ResultsError
from nasea.results.picked import pick_result
from nasea.results.retrained import EpochRow, Retrained, TrainingPlan, write_retrained

from .builders import make_info, make_member

ROWS = (EpochRow(0, 0.4), EpochRow(1, None, 0.9), EpochRow(2, 0.2, 0.5))
MADE = Retrained(
    info=make_info(),
    member=make_member(3, 0.8),
    searched_metric=0.4,
    plan=TrainingPlan(False, 2, 0.01, teacher=5),
    best_epoch=2,
    epochs=ROWS,
    name="retrained_3",
)


def test_it_reads_back_as_it_was(tmp_path: Path) -> None:
    MADE.save(tmp_path / "retrained.json")
    assert Retrained.load(tmp_path / "retrained.json") == MADE


@pytest.mark.parametrize(
    "change, message",
    [
        ({"version": 99}, "format version 99"),
        ({"format": "nasea-front"}, "not written by a retraining"),
        ({"best_epoch": "2"}, "damaged: best_epoch"),
        ({"colour": "red"}, "damaged: colour"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "retrained.json"
    path.write_text(json.dumps(MADE.to_dict() | change))
    with pytest.raises(ResultsError, match=message) as caught:
        Retrained.load(path)
    assert caught.value.fix


def test_it_is_written_whole_and_never_over_an_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "retrained_3"
    assert write_retrained(folder, MADE, "# model\n", b"weights") is None
    assert {path.name for path in folder.iterdir()} == {
        "retrained.json",
        "retrained_3.py",
        "retrained_3.pt",
    }
    assert write_retrained(folder, MADE, "# model\n", b"weights") is None
    (folder / "exported").mkdir()
    other = replace(MADE, best_epoch=0)
    assert write_retrained(folder, other, "# model\n", b"weights") == tmp_path / "retrained_3.1"
    assert (tmp_path / "retrained_3.1" / "exported").is_dir()
    assert write_retrained(folder, other, "# model\n", b"others") == tmp_path / "retrained_3.2"
    assert {path.name for path in tmp_path.iterdir()} == {
        "retrained_3",
        "retrained_3.1",
        "retrained_3.2",
    }


def test_it_is_picked_with_or_without_its_number(tmp_path: Path) -> None:
    write_retrained(tmp_path / "made", MADE, "# model\n", b"weights")
    for number in (None, 3):
        result = pick_result(tmp_path / "made", number)
        assert (result.member, result.name) == (MADE.member, "retrained_3")
        assert result.weights == tmp_path / "made" / "retrained_3.pt"
    with pytest.raises(ResultsError, match="holds architecture 3, not 2"):
        pick_result(tmp_path / "made", 2)
