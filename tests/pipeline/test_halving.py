"""Several results by successive halving: what is left is what a plain retraining makes of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.config import load_scenario
from nasea.errors import CheckpointError, Interrupted, NaseaError
from nasea.pipeline.retraining.halving import (
    Choice,
    Rung,
    affordable,
    candidates_of,
    epochs_of,
    retrain_best,
    rungs_of,
)
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.pipeline.retraining.shortlist import Scored, alike, seated
from nasea.pipeline.search.timed import discard_retrainings
from nasea.results.front import Front
from nasea.results.near import folder_near
from nasea.results.retrained import Retrained
from nasea.space import Genome

from .project import HOME, Project, Recorder, both_frameworks
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
    assert rungs_of(16, 40) == (Rung(16, 5), Rung(8, 10), Rung(4, 20), Rung(1, 40))
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
    trained = epochs_of(rungs)
    if epochs >= candidates:
        assert trained <= (candidates / 4 + 2) * epochs


@given(
    seconds=st.floats(0, 1e5),
    epoch=st.floats(0.1, 100),
    start=st.floats(0, 50),
    choosing=st.floats(0, 500),
    measuring=st.floats(0, 50),
    updates=st.integers(1, 5000),
)
def test_what_is_affordable_fits_into_the_time(
    seconds: float, epoch: float, start: float, choosing: float, measuring: float, updates: int
) -> None:
    found = affordable(seconds, epoch, start, choosing, measuring, updates=updates)
    rungs = rungs_of(found.candidates, found.epochs)
    if found.candidates > 1:
        used = choosing + sum(rung.count for rung in rungs) * start + epochs_of(rungs) * epoch
        used += 2 * found.candidates * measuring
        # Rounds of whole epochs: a few more or fewer than planned.
        assert used <= seconds + found.candidates * epoch
        assert found.epochs >= 16 and found.epochs * updates >= 16_000
    elif found.epochs:
        assert 2 * start + 2 * measuring + found.epochs * epoch <= seconds * (1 + 1e-9)
    more = affordable(2 * seconds, epoch, start, choosing, measuring, updates=updates)
    assert (more.candidates, more.epochs) >= (found.candidates, 0)


@both_frameworks
def test_candidates_are_written_trained_and_the_best_is_finished(project: Project) -> None:
    found = run(project, candidates=2, request=replace(REQUEST, epochs=2))
    near = project.home / "results" / "near_1M_size"
    winner = found.rounds[-1][0].number
    assert found.outcome.directory == near / f"retrained_{winner}"
    made = found.outcome.retrained
    assert made.member.genome == Front.load(near / "front.json")[winner].genome

    # What is retrained teaches smaller networks, the candidates of another budget among them.
    better = replace(made, member=replace(made.member, accuracy=1.0, metric=1.0))
    better.save(found.outcome.directory / "retrained.json")
    budget = 0.8 * made.member.parameters
    request = replace(REQUEST, epochs=1, distill=True)
    taught = run(project, budget=budget, candidates=2, request=request).outcome.retrained
    assert taught.member.parameters < made.member.parameters
    assert taught.plan.teacher == f"{near.name}/retrained_{winner}"
    assert f"taught by {near.name}/retrained_{winner}" in taught.plan.words
    refused = Recorder()
    with pytest.raises(NaseaError, match="it has no teacher") as caught:
        run(project, refused, candidates=2, request=request)
    assert "retrain" not in refused.stages[1:], "before any candidate is trained"
    assert "retrain a larger one first" in str(caught.value.fix)


def test_a_notice_about_all_candidates_is_given_once(project: Project) -> None:
    project.scenario(("NASEA", "nasea"))  # mended, with a notice
    heard = Recorder()
    run(project, heard, candidates=2, request=replace(REQUEST, epochs=2))
    assert heard.notices
    assert len(heard.notices) == len(set(heard.notices))


def test_it_chooses_and_ends_as_a_plain_retraining(project: Project, tmp_path: Path) -> None:
    plain = project.copy(tmp_path / "plain" / HOME)
    broken = project.copy(tmp_path / "broken" / HOME)
    found = run(project)
    near = project.home / "results" / "near_1M_size"
    candidates = Front.load(near / "front.json")
    first, *later = found.rounds
    assert {one.number for one in first} == {member.number for member in candidates}
    assert [one.accuracy for one in first] == sorted((o.accuracy or 0 for o in first), reverse=True)
    for ranked in later:
        assert {one.number for one in ranked} < {one.number for one in first}
    winner = found.rounds[-1][0].number
    assert found.outcome.retrained.member.number == winner
    assert found.outcome.directory == near / f"retrained_{winner}"

    # Stopped amid the second candidate and run again, it ends the same.
    with pytest.raises(Interrupted):
        run(broken, Stops(at("retrain", 4), 2))
    assert run(broken).outcome.retrained == found.outcome.retrained

    # So does the candidate retrained by its number.
    run(plain, candidates=3, request=replace(REQUEST, epochs=1))
    results = plain.home / "results" / near.name
    retrain(
        plain.home / "scen.yaml", winner, REQUEST, formats=(), results=results,
        directory=plain.home, restart=True,
    )  # fmt: skip
    made = f"results/{near.name}/retrained_{winner}"
    assert Retrained.load(plain.home / made / "retrained.json") == found.outcome.retrained
    assert plain.files(made, "*.pt") == project.files(made, "*.pt")


def test_another_request_waits_for_the_end_of_an_earlier_one(project: Project) -> None:
    scenario = load_scenario(project.home / "scen.yaml").scenario
    budget = float(scenario.constraint.value)
    first = run(project, budget=budget, request=replace(REQUEST, epochs=2)).outcome
    # The end: those that lost make way, what was made of the best is kept.
    request = replace(REQUEST, epochs=4)
    with pytest.raises(Interrupted):
        run(project, Stops(at("retrain", 2)), budget=budget, request=request)
    assert Retrained.load(first.directory / "retrained.json") == first.retrained
    with pytest.raises(CheckpointError, match="belongs to another run"):
        run(project, budget=budget, request=replace(REQUEST, epochs=3))
    # Another time budget makes another plan: unfinished retrainings of the earlier one make way.
    discard_retrainings(project.home, scenario)
    run(project, budget=budget, request=replace(REQUEST, epochs=3))
    # Started over, stopped amid the first candidate, and run again without --restart.
    request = replace(REQUEST, epochs=4)
    with pytest.raises(Interrupted):
        run(project, Stops(at("retrain", 2)), budget=budget, request=request, restart=True)
    assert run(project, budget=budget, request=request).outcome.retrained.plan.epochs == 4


def test_a_format_is_refused_before_any_training(project: Project) -> None:
    heard = Recorder()
    with pytest.raises(NaseaError, match="tfliet"):
        retrain_best(
            project.home / "scen.yaml", 1e6, 3, REQUEST, formats=["tfliet"],
            results=project.home / "results", directory=project.home, listener=heard,
        )  # fmt: skip
    assert not heard.stages


def test_candidates_are_kept_until_the_search_goes_on(project: Project) -> None:
    message = Recorder()
    run(project, candidates=2)
    files = project.files("results/near_1M_size", "*.pt")
    run(project, message, candidates=2)
    assert "the candidates of near_1M_size/ are kept" in message.text
    assert project.files("results/near_1M_size", "*.pt") == files
    project.module(("Dropout(0.1)", "Dropout(0.2)"))  # of another run than the supernet
    run(project, message := Recorder(), candidates=2)
    assert "the candidates of near_1M_size/ are kept" in message.text
    project.module(("Dropout(0.2)", "Dropout(0.1)"))
    run(project, candidates=3)
    assert len(Front.load(project.home / "results/near_1M_size/front.json")) == 3
    assert project.files("results/near_1M_size.1", "*.pt") == files


def test_candidates_that_are_being_retrained_are_not_replaced(project: Project) -> None:
    with pytest.raises(Interrupted):
        run(project, Stops(at("retrain", 2)), candidates=3)
    with pytest.raises(CheckpointError, match="changed since then: --candidates"):
        run(project, candidates=2)
    assert len(Front.load(project.home / "results/near_1M_size/front.json")) == 3
    run(project, candidates=3, request=REQUEST)


def test_one_candidate_is_the_best_that_was_scored_near_the_budget(project: Project) -> None:
    front = project.front()
    budget = float(sorted(one.cost for one in front.evaluated)[-2])
    run(project, budget=budget, candidates=1, request=replace(REQUEST, epochs=1))
    limit = load_scenario(project.home / "scen.yaml").scenario.constraint.value
    near = [
        one
        for one in front.evaluated
        if 0.9 * budget <= one.cost <= min(1.03 * budget, limit) and one.accuracy is not None
    ]
    (folder,) = (project.home / "results").glob(f"{folder_near('size', budget)}/front.json")
    (candidate,) = Front.load(folder)
    best = max(one.accuracy or 0 for one in near)
    assert candidate.genome in [one.genome for one in near if one.accuracy == best]


def test_without_the_supernet_the_front_alone_has_candidates(project: Project) -> None:
    for path in (project.home / "checkpoint").glob("train-*"):
        path.unlink()
    message = Recorder()
    found = run(project, message)
    assert "the candidates are members of the front alone" in message.text
    chosen = [m.number for m in candidates_of(project.front(), 1e6, 3)]
    assert sorted(one.number for one in found.rounds[0]) == sorted(chosen)
    assert found.outcome.directory.parent == project.home / "results"


@given(
    found=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=8),
    regular=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=8
    ),
    count=st.integers(1, 6),
)
def test_candidates_come_from_both_places_and_differ(
    found: list[Genome], regular: list[Genome], count: int
) -> None:
    lists = [[Scored(genome, 1.0, 0.5) for genome in genomes] for genomes in (found, regular)]
    chosen = [one.genome for one in seated(lists[0], lists[1], count)]
    assert len(chosen) <= count
    for one, other in itertools.combinations(chosen, 2):
        assert not alike(one, other)
    if found:
        assert chosen[0] == found[0]
    if len(chosen) < count:  # nothing is left that would be different
        assert all(any(alike(g, c) for c in chosen) for g in (*found, *regular))


def test_what_is_refused(project: Project) -> None:
    with pytest.raises(NaseaError, match="no architecture costs at most 0.01 k parameters"):
        run(project, budget=10.0)
    with pytest.raises(NaseaError, match="--candidates must be"):
        run(project, candidates=0)
