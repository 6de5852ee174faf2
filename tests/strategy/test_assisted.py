"""The assisted search: what every search promises, and what it adds."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from nasea.errors import MetricError
from nasea.strategy import (
    Archive,
    Assisted,
    Evaluate,
    GenerationReport,
    Genome,
    Problem,
    Score,
    SearchOutcome,
    SearchState,
    run_search,
)
from nasea.strategy.predictor.candidates import CandidatePool
from nasea.strategy.predictor.gaussian_process import GaussianProcess
from nasea.strategy.predictor.predictor_state import PredictorState

from .synthetic import Landscape, all_feasible, make_problem, random_problem, some_problem


def assisted(
    problem: Problem,
    evaluate: Evaluate,
    *,
    pop_size: int,
    generations: int,
    seed: int = 0,
    archive: Archive | None = None,
    state: SearchState | None = None,
) -> tuple[SearchOutcome, list[GenerationReport]]:
    reports: list[GenerationReport] = []
    outcome = run_search(
        problem,
        evaluate,
        pop_size=pop_size,
        generations=generations,
        seed=seed,
        strategy=Assisted(),
        archive=archive,
        state=state,
        on_generation=reports.append,
    )
    return outcome, reports


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("tightness", [1.05, 1.5, 4.0])
@pytest.mark.parametrize("pop_size", [1, 7, 50])
def test_evaluates_feasible_new_candidates_and_exactly_as_many_as_promised(
    tightness: float, pop_size: int, wide: bool
) -> None:
    landscape = Landscape(some_problem(10, 8, seed=0, tightness=tightness, wide=wide))
    outcome, reports = assisted(landscape.problem, landscape, pop_size=pop_size, generations=3)
    assert outcome.stopped == "completed"
    assert [report.scored for report in reports] == [pop_size, 2 * pop_size, 3 * pop_size]
    assert len(set(landscape.evaluated)) == len(landscape.evaluated) == 3 * pop_size
    assert (landscape.problem.costs(landscape.evaluated) <= landscape.problem.budget).all()
    assert [record.genome for record in outcome.archive] == landscape.evaluated


def test_every_quality_is_one_that_was_truly_scored() -> None:
    landscape = Landscape(random_problem(6, 4, seed=1, tightness=2.0))
    outcome, reports = assisted(landscape.problem, landscape, pop_size=20, generations=4)
    for record in (*outcome.archive, *reports[-1].front):
        assert record.score.quality == landscape.quality(record.genome)


@pytest.mark.parametrize("trained_on", [1000, 50])
def test_needs_fewer_evaluations_than_evolution(
    trained_on: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasea.strategy.predictor.assisted._MAX_TRAINING", trained_on)
    for seed in range(3):
        landscape = Landscape(random_problem(6, 5, seed=seed, tightness=2.0), seed=seed)
        floor = -20.0
        plain = run_search(
            landscape.problem,
            landscape,
            pop_size=20,
            generations=10,
            seed=seed,
            quality_reference=floor,
        )
        outcome = run_search(
            landscape.problem,
            landscape,
            pop_size=20,
            generations=5,
            seed=seed,
            quality_reference=floor,
            strategy=Assisted(),
        )
        assert outcome.state.hypervolumes[-1] > plain.state.hypervolumes[-1]


def test_resuming_after_any_generation_changes_nothing() -> None:
    landscape = Landscape(random_problem(7, 5, seed=2, tightness=1.6))
    outcome, reports = assisted(landscape.problem, landscape, pop_size=25, generations=4, seed=5)
    for report in reports:
        archive, state = json.loads(json.dumps([report.archive.to_dict(), report.state.to_dict()]))
        resumed, _ = assisted(
            landscape.problem,
            landscape,
            pop_size=25,
            generations=4,
            seed=5,
            archive=Archive.from_dict(archive),
            state=SearchState.from_dict(state),
        )
        assert resumed == outcome


def test_one_seed_is_one_search_and_another_is_another() -> None:
    landscape = Landscape(random_problem(7, 5, seed=2, tightness=1.6))
    outcomes = []
    for seed, global_seed in ((3, 0), (3, 1), (4, 0)):
        np.random.seed(global_seed)
        found, _ = assisted(landscape.problem, landscape, pop_size=15, generations=3, seed=seed)
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] != outcomes[2]


def test_a_predictor_that_knows_less_than_the_cost_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = random_problem(7, 5, seed=2, tightness=3.0)

    def cost_is_all(genomes: Sequence[Genome]) -> list[Score]:
        return [Score(float(cost), None) for cost in problem.costs(genomes)]

    # These predictions are made up: the predictor sees the cost, so its own would be right.
    monkeypatch.setattr(
        GaussianProcess, "leave_one_out_means", property(lambda known: np.abs(known.targets))
    )
    outcome, reports = assisted(problem, cost_is_all, pop_size=20, generations=4)
    fitted = PredictorState.from_dict(outcome.state.strategy["insight"])
    assert fitted.cost_correlation == pytest.approx(1.0)
    assert not fitted.trusted
    assert "not used" in str(reports[-1].note)
    assert reports[-1].scored == 80


def test_failed_candidates_teach_nothing_and_are_not_proposed_again() -> None:
    problem = random_problem(7, 5, seed=2, tightness=1.6)
    landscape = Landscape(problem)

    def every_third_fails(genomes: Sequence[Genome]) -> list[Score]:
        scores = landscape(genomes)
        return [
            Score.failed("out of memory") if sum(genome) % 3 == 0 else score
            for genome, score in zip(genomes, scores, strict=True)
        ]

    outcome, _ = assisted(problem, every_third_fails, pop_size=30, generations=3)
    assert len(outcome.archive) == len(set(landscape.evaluated)) == 90
    assert outcome.archive.failures
    with pytest.raises(MetricError, match="none of the 30"):
        assisted(problem, lambda g: [Score.failed("nan")] * len(g), pop_size=30, generations=2)


def test_scores_that_are_all_alike_are_no_obstacle() -> None:
    problem = random_problem(6, 4, seed=0, tightness=2.0)
    outcome, _ = assisted(problem, lambda g: [Score(0.5, 0.5)] * len(g), pop_size=30, generations=3)
    assert len(outcome.archive) == 90


def test_parameters_of_an_earlier_version_are_no_obstacle() -> None:
    landscape = Landscape(random_problem(7, 5, seed=2, tightness=1.6))
    _, (_, *_, report) = assisted(landscape.problem, landscape, pop_size=25, generations=2)
    fitted = report.state.strategy["insight"]
    other = {**report.state.strategy, "insight": {**fitted, "logs": fitted["logs"][:-3]}}
    resumed, _ = assisted(
        landscape.problem,
        landscape,
        pop_size=25,
        generations=3,
        archive=report.archive,
        state=replace(report.state, strategy=other),
    )
    assert len(resumed.archive) == 75


def test_an_exhausted_space_ends_with_all_of_it() -> None:
    problem = make_problem([[1, 2, 3], [4, 5, 6], [1, 4, 9], [2, 3, 5]], twins=True)
    outcome, _ = assisted(problem, Landscape(problem), pop_size=30, generations=10)
    assert outcome.stopped == "exhausted"
    assert {record.genome for record in outcome.archive} == all_feasible(problem)


def test_a_space_too_large_to_list_is_bred_from() -> None:
    landscape = Landscape(random_problem(12, 8, seed=1, tightness=3.0))
    outcome, _ = assisted(landscape.problem, landscape, pop_size=20, generations=4)
    plain = run_search(landscape.problem, landscape, pop_size=20, generations=4, seed=0)
    assert len(outcome.archive) == 80
    assert outcome.state.hypervolumes[-1] > plain.state.hypervolumes[-1]


@pytest.mark.parametrize("listed", [0, 10_000])
def test_candidates_are_feasible_and_new_whether_listed_or_bred(listed: int) -> None:
    problem = random_problem(5, 4, seed=3, tightness=1.8)
    outcome, _ = assisted(problem, Landscape(problem), pop_size=20, generations=1)
    genomes, promised = CandidatePool(problem, listed).candidates(
        outcome.archive, lambda points: -points.costs, np.random.default_rng(0)
    )
    assert len(genomes) == len(promised) > 0
    assert problem.feasible(genomes).all()
    found = {tuple(genome) for genome in genomes.tolist()}
    assert len(found) == len(genomes)
    assert not found & set(outcome.archive.scores)
    if listed:
        assert found == all_feasible(problem) - set(outcome.archive.scores)


def test_a_tenth_of_a_batch_lies_beside_the_front() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    landscape = Landscape(problem)
    outcome, _ = assisted(problem, landscape, pop_size=60, generations=2)
    # The first batch is random; of those of the second generation the last is the shortest.
    records = list(outcome.archive)
    found = 0
    for end in range(70, len(records) + 1, 10):
        before = Archive(tuple(records[: end - 10])).front(problem.budget)
        last = records[end - 1].genome
        apart = [sum(a != b for a, b in zip(last, r.genome, strict=True)) for r in before]
        found += min(apart) == 1
    assert found >= 4, "those of a random choice among a million are not"


def test_trained_on_some_it_is_as_sure_as_of_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasea.strategy.predictor.assisted._MAX_TRAINING", 60)
    landscape = Landscape(random_problem(8, 6, seed=2, tightness=1.6))
    outcome, _ = assisted(landscape.problem, landscape, pop_size=60, generations=4)
    fitted = outcome.state.strategy["insight"]
    assert fitted["compared"] == 15, "the quarter that nothing selected"
    assert fitted["fitted_on"] > 60
