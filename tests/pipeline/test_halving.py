"""Several results by successive halving: what is left is what a plain retraining makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.errors import Interrupted, NaseaError
from nasea.pipeline.retraining.halving import Choice, Rung, candidates_of, retrain_best, rungs_of
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.results.retrained import Retrained

from .project import HOME, Project, Recorder
from .stopping import Stops, at

pytest_plugins = ["pipeline.fixtures"]

REQUEST = Request(epochs=4, learning_rate=0.02)


def run(project: Project, listener: Recorder | None = None, **options: Any) -> Choice:
    options.setdefault("candidates", 3)
    return retrain_best(
        project.home / "scen.yaml",
        options.pop("budget", 1e6),
        options.pop("candidates"),
        options.pop("request", REQUEST),
        formats=(),
        results=project.home / "results",
        directory=project.home,
        listener=listener,
        **options,
    )


def test_rounds_halve_the_candidates_and_double_the_epochs() -> None:
    assert rungs_of(5, 40) == (Rung(5, 5), Rung(3, 10), Rung(2, 20), Rung(1, 40))
    assert rungs_of(1, 40) == (Rung(1, 40),)
    assert rungs_of(4, 2) == (Rung(4, 1), Rung(1, 2))


@given(candidates=st.integers(1, 30), epochs=st.integers(1, 200))
def test_rounds_go_on(candidates: int, epochs: int) -> None:
    rungs = rungs_of(candidates, epochs)
    assert rungs[-1] == Rung(1, epochs)
    before = Rung(candidates + 1, 0)
    for rung in rungs[:-1]:
        assert rung.count < before.count and before.epoch < rung.epoch <= epochs
        before = rung
    trained = sum(
        rung.count * (rung.epoch - earlier)
        for rung, earlier in zip(rungs, [0, *(r.epoch for r in rungs)], strict=False)
    )
    if epochs >= candidates:
        assert trained <= (doublings(candidates) + 2) * epochs


def doublings(value: int) -> int:
    return (value - 1).bit_length()


def test_it_chooses_and_ends_as_a_plain_retraining(project: Project, tmp_path: Path) -> None:
    plain = project.copy(tmp_path / "plain" / HOME)
    broken = project.copy(tmp_path / "broken" / HOME)
    told = Recorder()
    found = run(project, told)
    front = project.front()
    first, *later = found.rounds
    chosen = [m.number for m in candidates_of(front, 1e6, 3)]
    assert sorted(one.number for one in first) == sorted(chosen)
    assert [one.accuracy for one in first] == sorted((o.accuracy or 0 for o in first), reverse=True)
    for ranked in later:
        assert {one.number for one in ranked} < {one.number for one in first}
    winner = found.rounds[-1][0].number
    assert found.outcome.retrained.member.number == winner
    retrain(
        plain.home / "scen.yaml", winner, REQUEST, formats=(), results=plain.home / "results",
        directory=plain.home,
    )  # fmt: skip
    made = f"results/retrained_{winner}"
    assert Retrained.load(plain.home / made / "retrained.json") == found.outcome.retrained
    assert plain.files(made, "*.pt") == project.files(made, "*.pt")

    # Stopped amid the second candidate and run again, it ends the same.
    with pytest.raises(Interrupted):
        run(broken, Stops(at("retrain", 4), 2))
    assert run(broken).outcome.retrained == found.outcome.retrained


def test_what_is_refused(project: Project) -> None:
    with pytest.raises(NaseaError, match="no architecture costs at most 0.01 k parameters"):
        run(project, budget=10.0)
    with pytest.raises(NaseaError, match="--candidates must be"):
        run(project, candidates=0)
    with pytest.raises(NaseaError, match="--distill is for one architecture"):
        run(project, request=Request(distill=True))
