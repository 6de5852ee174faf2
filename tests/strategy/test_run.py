import json
from collections.abc import Sequence

import numpy as np
import pytest

from nasea.errors import BudgetError, MetricError
from nasea.strategy import (
    Archive,
    GenerationReport,
    Genome,
    Patience,
    Record,
    Score,
    SearchOutcome,
    SearchState,
    hypervolume,
    random_search,
    run_search,
)

from .synthetic import Landscape, all_feasible, make_problem, random_problem, some_problem


def reports_of(
    landscape: Landscape, *, pop_size: int, generations: int, seed: int
) -> tuple[SearchOutcome, list[GenerationReport]]:
    reports: list[GenerationReport] = []
    outcome = run_search(
        landscape.problem,
        landscape,
        pop_size=pop_size,
        generations=generations,
        seed=seed,
        on_generation=reports.append,
    )
    return outcome, reports


def population_of(state: SearchState) -> list[Genome]:
    return [tuple(genome) for genome in state.strategy["population"]]


def true_front(landscape: Landscape) -> list[Record]:
    genomes = sorted(all_feasible(landscape.problem))
    costs = landscape.problem.costs(genomes).tolist()
    records = [
        Record(genome, cost, Score(landscape.quality(genome), metric=None), generation=0)
        for genome, cost in zip(genomes, costs, strict=True)
    ]
    return Archive(tuple(records)).front(landscape.problem.budget)


def points(front: Sequence[Record]) -> list[tuple[float, float]]:
    return [
        (record.cost, record.score.quality) for record in front if record.score.quality is not None
    ]


def volume(front: Sequence[Record], outcome: SearchOutcome) -> float:
    assert outcome.state.reference is not None
    costs, qualities = np.array(points(front)).T
    return hypervolume(costs, qualities, outcome.state.reference)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("tightness", [1.05, 1.5, 4.0])
@pytest.mark.parametrize("pop_size", [1, 2, 7, 20])
def test_evaluates_feasible_new_candidates_and_exactly_as_many_as_promised(
    tightness: float, pop_size: int, wide: bool
) -> None:
    problem = some_problem(10, 8, seed=0, tightness=tightness, wide=wide)
    landscape = Landscape(problem)
    outcome, reports = reports_of(landscape, pop_size=pop_size, generations=6, seed=3)
    assert outcome.stopped == "completed"
    assert [len(batch) for batch in landscape.batches] == [pop_size] * 6
    assert [report.scored for report in reports] == [pop_size * i for i in range(1, 7)]
    assert len(set(landscape.evaluated)) == 6 * pop_size
    assert (problem.costs(landscape.evaluated) <= problem.budget).all()
    assert [record.genome for record in outcome.archive] == landscape.evaluated


@pytest.mark.parametrize("seed", range(4))
def test_comes_close_to_the_true_front_of_a_space_seen_in_part(seed: int) -> None:
    landscape = Landscape(random_problem(6, 4, seed=seed, tightness=2.0))
    outcome, reports = reports_of(landscape, pop_size=20, generations=20, seed=seed)
    assert len(outcome.archive) == 400 < 0.2 * len(all_feasible(landscape.problem))
    assert volume(reports[-1].front, outcome) > 0.97 * volume(true_front(landscape), outcome)


def test_hypervolume_never_falls_and_is_that_of_the_front() -> None:
    landscape = Landscape(random_problem(8, 6, seed=1, tightness=2.0))
    outcome, reports = reports_of(landscape, pop_size=10, generations=10, seed=1)
    volumes = [report.hypervolume for report in reports]
    assert volumes == sorted(volumes)
    assert tuple(volumes) == outcome.state.hypervolumes
    assert volumes[-1] == volume(reports[-1].front, outcome)
    assert outcome.state.reference is not None
    assert outcome.state.reference.quality == min(
        landscape.quality(genome) for genome in landscape.batches[0]
    )


def test_a_given_quality_reference_is_used() -> None:
    problem = random_problem(4, 4, seed=1, tightness=2.0)
    outcome = run_search(
        problem, Landscape(problem), pop_size=4, generations=2, seed=0, quality_reference=-50.0
    )
    assert outcome.state.reference is not None
    assert outcome.state.reference.quality == -50.0


def test_resuming_after_any_generation_changes_nothing() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    landscape = Landscape(problem)
    outcome, reports = reports_of(landscape, pop_size=8, generations=7, seed=5)
    for report in reports:
        saved = json.dumps([report.archive.to_dict(), report.state.to_dict()])
        archive, state = json.loads(saved)
        resumed = run_search(
            problem,
            landscape,
            pop_size=8,
            generations=7,
            seed=5,
            archive=Archive.from_dict(archive),
            state=SearchState.from_dict(state),
        )
        assert resumed == outcome


def test_a_finished_search_extends_to_what_a_longer_one_would_be() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    short, _ = reports_of(Landscape(problem), pop_size=8, generations=3, seed=5)
    long, _ = reports_of(Landscape(problem), pop_size=8, generations=6, seed=5)
    landscape = Landscape(problem)
    extended = run_search(
        problem,
        landscape,
        pop_size=8,
        generations=6,
        seed=5,
        archive=short.archive,
        state=short.state,
    )
    assert extended == long
    assert len(landscape.evaluated) == 3 * 8


def test_pop_size_may_change_on_resume() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    first, _ = reports_of(Landscape(problem), pop_size=12, generations=2, seed=5)
    for pop_size in (5, 20):
        landscape = Landscape(problem)
        resumed = run_search(
            problem,
            landscape,
            pop_size=pop_size,
            generations=4,
            seed=5,
            archive=first.archive,
            state=first.state,
        )
        assert [len(batch) for batch in landscape.batches] == [pop_size] * 2
        assert len(resumed.state.strategy["population"]) == pop_size


def test_the_global_random_state_has_no_part_in_it() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    outcomes = []
    for seed in (0, 1):
        np.random.seed(seed)
        outcomes.append(reports_of(Landscape(problem), pop_size=8, generations=5, seed=9)[0])
    assert outcomes[0] == outcomes[1]
    other, _ = reports_of(Landscape(problem), pop_size=8, generations=5, seed=10)
    assert other != outcomes[0]


def test_an_exhausted_space_ends_cleanly_with_the_whole_front() -> None:
    problem = random_problem(4, 3, seed=6, tightness=1.6)
    feasible = all_feasible(problem)
    landscape = Landscape(problem)
    outcome, reports = reports_of(landscape, pop_size=10, generations=1000, seed=0)
    assert outcome.stopped == "exhausted"
    assert outcome.reason == f"all {len(feasible)} feasible architectures are scored"
    assert set(landscape.evaluated) == feasible
    assert len(reports) == -(-len(feasible) // 10)
    assert points(outcome.archive.front(problem.budget)) == points(true_front(landscape))


def test_exhaustion_knows_the_same_network_under_two_names() -> None:
    problem = make_problem([[1, 2, 3], [4, 5, 6]], twins=True)
    outcome, _ = reports_of(Landscape(problem), pop_size=4, generations=10, seed=0)
    assert outcome.stopped == "exhausted"
    assert {record.genome for record in outcome.archive} == all_feasible(problem)
    assert len(outcome.archive) == 9


def test_an_exhausted_search_says_so_again_when_resumed() -> None:
    problem = make_problem([[1, 2], [4, 5]])
    landscape = Landscape(problem)
    first, _ = reports_of(landscape, pop_size=4, generations=10, seed=0)
    again = run_search(
        problem,
        landscape,
        pop_size=4,
        generations=20,
        seed=0,
        archive=first.archive,
        state=first.state,
    )
    assert again == first


def test_failed_candidates_are_kept_with_reason_but_never_survive() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    probe = Landscape(problem)
    reports_of(probe, pop_size=8, generations=1, seed=9)
    failing = frozenset(probe.evaluated[::2])
    outcome, reports = reports_of(
        Landscape(problem, failing=failing), pop_size=8, generations=4, seed=9
    )
    assert [report.failures for report in reports] == [4] * 4
    assert {record.genome for record in outcome.archive.failures} == failing
    assert {record.score.failure for record in outcome.archive.failures} == {"out of memory"}
    for report in reports:
        assert failing.isdisjoint(population_of(report.state))
        assert failing.isdisjoint(record.genome for record in report.front)


def test_a_later_generation_may_fail_as_a_whole() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)
    landscape = Landscape(problem)

    def breaks_later(genomes: Sequence[Genome]) -> list[Score]:
        scores = landscape(genomes)
        failed = len(landscape.batches) > 1
        return [Score.failed("loss is not finite") for _ in genomes] if failed else scores

    outcome = run_search(problem, breaks_later, pop_size=6, generations=3, seed=0)
    assert len(outcome.archive.failures) == 12
    assert set(population_of(outcome.state)) == set(landscape.batches[0])


def test_when_all_of_the_first_generation_fails_the_most_common_reason_is_told() -> None:
    problem = random_problem(8, 6, seed=2, tightness=1.6)

    def fails(genomes: Sequence[Genome]) -> list[Score]:
        reasons = ["out of memory", "metric is nan", "metric is nan"]
        return [Score.failed(reasons[i % 3]) for i in range(len(genomes))]

    with pytest.raises(MetricError, match=r"none of the 9 .*\(6 of 9\): metric is nan"):
        run_search(problem, fails, pop_size=9, generations=3, seed=0)


def test_beats_random_search_at_equal_cost() -> None:
    gains = []
    for seed in range(6):
        problem = random_problem(10, 8, seed=seed, tightness=3.0)
        landscape = Landscape(problem, seed=seed)
        outcome, _ = reports_of(landscape, pop_size=20, generations=20, seed=seed)
        baseline = random_search(problem, landscape, 400, seed)
        assert len(baseline) == len(outcome.archive) == 400
        assert (problem.costs(list(baseline.scores)) <= problem.budget).all()
        gains.append(
            outcome.state.hypervolumes[-1] / volume(baseline.front(problem.budget), outcome)
        )
    assert np.mean(gains) > 1.05
    assert min(gains) > 1.0


def test_an_unsatisfiable_budget_is_refused() -> None:
    problem = random_problem(4, 4, seed=0, tightness=0.9)
    with pytest.raises(BudgetError):
        run_search(problem, Landscape(problem), pop_size=4, generations=2, seed=0)


def test_misuse_is_refused() -> None:
    problem = random_problem(4, 4, seed=0, tightness=2.0)
    landscape = Landscape(problem)
    outcome, _ = reports_of(landscape, pop_size=4, generations=2, seed=0)

    with pytest.raises(ValueError, match="generations"):
        run_search(problem, landscape, pop_size=4, generations=0, seed=0)
    with pytest.raises(ValueError, match="generations must be at least 0"):
        Patience(-1)
    with pytest.raises(ValueError, match="pop_size"):
        run_search(problem, landscape, pop_size=0, generations=1, seed=0)
    with pytest.raises(ValueError, match="seed"):
        run_search(problem, landscape, pop_size=4, generations=1, seed=-1)
    with pytest.raises(ValueError, match="from an archive and a state"):
        run_search(problem, landscape, pop_size=4, generations=3, seed=0, archive=outcome.archive)
    with pytest.raises(ValueError, match="do not belong together"):
        run_search(
            problem,
            landscape,
            pop_size=4,
            generations=3,
            seed=0,
            archive=Archive(),
            state=outcome.state,
        )
    with pytest.raises(ValueError, match="do not belong together"):
        run_search(
            problem,
            landscape,
            pop_size=4,
            generations=3,
            seed=0,
            archive=outcome.archive,
            state=SearchState(),
        )
    with pytest.raises(ValueError, match="belongs to a budget"):
        run_search(
            random_problem(4, 4, seed=0, tightness=1.5),
            landscape,
            pop_size=4,
            generations=3,
            seed=0,
            archive=outcome.archive,
            state=outcome.state,
        )
    with pytest.raises(ValueError, match="0 scores for 4"):
        run_search(problem, lambda genomes: [], pop_size=4, generations=1, seed=0)
