from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.results.front import Front, Unfinished

from .conftest import Run


@pytest.fixture(autouse=True)
def _results(tmp_path: Path, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    front.save(Path("results/front.json"))


@pytest.mark.parametrize("words", [[], ["results"], ["results/front.json"]])
def test_the_front_as_a_table(run: Run, words: list[str]) -> None:
    done = run("show", *words)
    assert (done.status, done.err) == (0, "")
    assert "0.9500" in done.out
    assert done.out.endswith("note: strategy.epochs: few\n")


def test_one_architecture(run: Run) -> None:
    done = run("show", "--arch", "1")
    assert done.status == 0
    assert "architecture 1, accuracy 0.9500" in done.out
    assert "40,000" in done.out


def test_for_machines(run: Run, front: Front) -> None:
    done = run("show", "--json")
    assert (done.status, done.err) == (0, "")
    assert Front.from_dict(json.loads(done.out)) == front
    member = json.loads(run("show", "--json", "--arch", "1").out)
    assert (member["number"], member["parameters"]) == (1, 40_000)


def test_which_to_take(run: Run) -> None:
    done = run("show", "--recommend")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("architecture 1: 40.0 k parameters, accuracy 0.9500; most accurate")
    assert "no knee" in done.out
    done = run("show", "--recommend", "--budget", "30k")
    assert done.out.startswith("architecture 0: 20.0 k parameters")
    named = json.loads(run("show", "--recommend", "--json").out)
    assert [one["number"] for one in named] == [1]


@pytest.mark.parametrize(
    "words",
    [
        ["elsewhere"],
        ["--arch", "2"],
        ["--arch", "-1"],
        ["--recommend", "--budget", "10"],
        ["--recommend", "--budget", "much"],
        ["--budget", "30k"],
    ],
)
def test_what_is_not_there(run: Run, words: list[str]) -> None:
    done = run("show", *words)
    assert done.status == 2
    assert done.err.startswith("error: ")
    assert "  fix: " in done.err


def test_the_front_so_far(run: Run, front: Front) -> None:
    info = replace(front.info, unfinished=Unfinished(7, 100, 3), images=(500, 5000))
    so_far = replace(front, info=info)
    so_far.save(Path("checkpoint/front.json"))
    beside = run("show").out
    assert beside.splitlines()[-1] == (
        "note: another search is not finished here; its front so far: nasea show checkpoint"
    )
    shutil.copytree("results", "my runs/results")
    shutil.copytree("checkpoint", "my runs/checkpoint")
    assert run("show", "my runs/results").out.splitlines()[-1].endswith("'my runs/checkpoint'")
    Path("results/front.json").unlink()
    for words in ([], ["results"], ["checkpoint"], ["--arch", "1"]):
        done = run("show", *words)
        assert done.status == 0
        assert "unfinished: generation 7 of at most 100, 3 scored of the next" in done.out
        assert "on 500 of 5,000 validation images" in done.out
    assert "unfinished: generation 7" in run("show", "--recommend").out
    assert json.loads(run("show", "--json").out)["info"]["unfinished"]["generation"] == 7
    Path("checkpoint/report.html").write_text("")
    assert run("show").out.splitlines()[-1] == "note: report so far: checkpoint/report.html"


def test_before_there_is_a_front_it_says_how_far_the_search_has_come(run: Run) -> None:
    Path("results/front.json").unlink()
    assert "cannot read results/front.json" in run("show").err
    CheckpointStore(Path("checkpoint"), "train").save({"epoch": 3})
    done = run("show")
    assert done.status == 2
    assert "no front here: the supernet is in training, 3 epochs done" in done.err
    assert "cannot read elsewhere" in run("show", "elsewhere").err
    searched = CheckpointStore(Path("checkpoint"), "search")
    searched.save({"state": {"generation": 0}})
    assert "trained, and no generation of the search is done" in run("show").err
    searched.save({"state": {"generation": 7}})  # its results/ were moved away
    assert "trained; the search has done 7 generations" in run("show").err
