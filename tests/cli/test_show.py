from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasea.results.front import Front

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
