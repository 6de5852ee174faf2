"""Three objectives and more: the front, its volume, and NSGA-III."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.strategy import (
    Archive,
    GenerationReport,
    HypervolumeReference,
    Objective,
    Problem,
    Record,
    Score,
    SearchState,
    hypervolume,
    random_search,
    representatives,
    run_search,
)
from nasea.strategy.evolution.reference_directions import directions
from nasea.strategy.problem import FloatArray, IntArray

from .synthetic import Landscape, random_problem


def with_objectives(problem: Problem, count: int = 1) -> Problem:
    """The problem with further costs that have little to do with its own."""

    def objective(seed: int) -> Objective:
        rng = np.random.default_rng(seed)
        layers = tuple(rng.lognormal(1.0, 1.0, size=size) for size in problem.choices)

        def cost(genomes: IntArray) -> FloatArray:
            return sum(
                (costs[genomes[:, layer]] for layer, costs in enumerate(layers)),
                start=np.zeros(len(genomes)),
            )

        return Objective(cost, layers, float(sum(costs.max() for costs in layers)))

    return replace(problem, objectives=tuple(objective(100 + i) for i in range(count)))


def searched(
    problem: Problem, generations: int = 12, pop_size: int = 21, **more: object
) -> tuple[Archive, SearchState, list[GenerationReport]]:
    reports: list[GenerationReport] = []
    outcome = run_search(
        problem,
        Landscape(problem),
        pop_size=pop_size,
        generations=generations,
        seed=5,
        on_generation=reports.append,
        **more,  # type: ignore[arg-type]
    )
    return outcome.archive, outcome.state, reports


def row_of(record: Record) -> tuple[float, ...]:
    assert record.score.quality is not None
    return (record.cost, *record.further_costs, -record.score.quality)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)),
        max_size=25,
    )
)
def test_the_front_is_what_the_definition_says(rows: list[tuple[int, int, int, int]]) -> None:
    records = [
        Record((i,), float(a), Score(float(q), None), 0, (float(b), float(c)))
        for i, (a, b, c, q) in enumerate(rows)
    ]
    front = Archive(tuple(records)).front(4.0)
    feasible = [record for record in records if record.cost <= 4.0]
    expected = set()
    for one in feasible:
        beaten = any(
            row_of(other) != row_of(one)
            and all(x <= y for x, y in zip(row_of(other), row_of(one), strict=True))
            for other in feasible
        )
        twin = any(row_of(other) == row_of(one) for other in feasible if other.genome < one.genome)
        if not beaten and not twin:
            expected.add(one.genome)
    assert {record.genome for record in front} == expected
    assert [record.cost for record in front] == sorted(record.cost for record in front)


def test_the_volume_is_that_of_the_boxes() -> None:
    reference = HypervolumeReference(1.0, 0.0, 10.0, ((0.0, 4.0),))
    costs = np.array([[2.0, 3.0], [6.0, 1.0]])
    # Boxes of 0.8 x 0.25 x 1 and 0.4 x 0.75 x 2; they share 0.4 x 0.25 x 1.
    assert hypervolume(costs, np.array([2.0, 3.0]), reference) == pytest.approx(0.2 + 0.6 - 0.1)
    assert HypervolumeReference.from_dict(json.loads(json.dumps(reference.to_dict()))) == reference


@pytest.mark.parametrize("objectives", [3, 4])
def test_there_are_as_many_directions_as_fit(objectives: int) -> None:
    for most in (2, 10, 40, 100):
        found = directions(objectives, most)
        assert np.allclose(found.sum(axis=1), 1.0)
        assert objectives <= len(found) <= max(most, objectives)
        for corner in np.eye(objectives):
            assert (np.abs(found - corner) < 1e-9).all(axis=1).any()


def test_what_is_proposed_is_new_and_feasible() -> None:
    problem = with_objectives(random_problem(8, 6, seed=1, tightness=2.0), 2)
    archive, state, reports = searched(problem)
    assert len(archive) == 12 * 21
    assert all(record.cost <= problem.budget for record in archive)
    assert list(state.hypervolumes) == sorted(state.hypervolumes)
    assert set(reports[-1].front) == set(archive.front(problem.budget))


def test_the_cheapest_of_every_objective_is_scored_at_once() -> None:
    problem = with_objectives(random_problem(8, 6, seed=1, tightness=20.0), 2)
    archive, *_ = searched(problem, generations=1)
    for place, objective in enumerate(problem.objectives):
        least = min(record.further_costs[place] for record in archive)
        assert least == pytest.approx(objective.low)


def test_it_finds_more_than_one_cost_alone_and_than_chance() -> None:
    plain = random_problem(10, 6, seed=2, tightness=3.0)
    problem = with_objectives(plain)
    archive, state, _ = searched(problem, generations=20)
    assert state.reference is not None

    def volume(found: Archive) -> float:
        rows = [record for record in found if record.score.quality is not None]
        costs = np.column_stack(
            [
                problem.costs([record.genome for record in rows]),
                problem.further_costs([record.genome for record in rows]),
            ]
        )
        qualities = np.array([record.score.quality for record in rows], dtype=np.float64)
        assert state.reference is not None
        return hypervolume(costs, qualities, state.reference)

    assert volume(archive) == pytest.approx(state.hypervolumes[-1])
    one_cost, *_ = searched(plain, generations=20)
    by_chance = random_search(problem, Landscape(problem), len(archive), seed=5)
    assert volume(archive) > volume(one_cost)
    assert volume(archive) > volume(by_chance)


def test_a_resumed_search_is_the_unbroken_one() -> None:
    problem = with_objectives(random_problem(8, 6, seed=1, tightness=2.0))
    unbroken, state, reports = searched(problem, generations=6)
    report = reports[2]
    kept = json.loads(json.dumps([report.archive.to_dict(), report.state.to_dict()]))
    resumed, resumed_state, _ = searched(
        problem,
        generations=6,
        archive=Archive.from_dict(kept[0]),
        state=SearchState.from_dict(kept[1]),
    )
    assert (resumed, resumed_state) == (unbroken, state)


def test_records_of_earlier_versions_have_one_cost() -> None:
    record = Record((1, 2), 3.0, Score(0.5, 0.5), 0)
    data = Archive((record,)).to_dict()
    del data["records"][0]["further_costs"]
    assert Archive.from_dict(data).records == (record,)


def test_representatives_are_spread_and_hold_every_best() -> None:
    problem = with_objectives(random_problem(10, 6, seed=2, tightness=3.0), 2)
    archive, *_ = searched(problem, generations=15)
    front = archive.front(problem.budget)
    rows = np.array([row_of(record) for record in front])
    for count in (1, 4, 12, 30):
        chosen = representatives(front, count)
        assert len(chosen) == count
        assert chosen == representatives(front, count)
        assert [record.cost for record in chosen] == sorted(record.cost for record in chosen)
        if count >= 4:
            best = np.array([row_of(record) for record in chosen]).min(axis=0)
            assert (best == rows.min(axis=0)).all()
    assert representatives(front, len(front)) == front
    assert min(record.score.quality or 0.0 for record in representatives(front, 1)) == max(
        record.score.quality or 0.0 for record in front
    )


def test_spread_representatives_cover_more_than_the_first_ones() -> None:
    problem = with_objectives(random_problem(10, 6, seed=2, tightness=3.0))
    archive, state, _ = searched(problem, generations=15)
    front = archive.front(problem.budget)
    assert state.reference is not None

    def volume(records: list[Record]) -> float:
        assert state.reference is not None
        rows = np.array([row_of(record) for record in records])
        return hypervolume(rows[:, :-1], -rows[:, -1], state.reference)

    chosen = volume(representatives(front, 12))
    rng = np.random.default_rng(0)
    others = [
        volume([front[i] for i in sorted(rng.choice(len(front), 12, replace=False))])
        for _ in range(20)
    ]
    assert chosen > float(np.mean(others))


def test_an_assisted_search_knows_one_cost() -> None:
    problem = with_objectives(random_problem(4, 3, seed=1, tightness=2.0))
    with pytest.raises(ValueError, match="further objectives"):
        searched(problem, strategy=Assisted())


def test_a_population_smaller_than_the_corners_works() -> None:
    problem = with_objectives(random_problem(3, 3, seed=1, tightness=20.0), 2)
    archive, *_ = searched(problem, generations=30, pop_size=2)
    assert len(archive) == len(list(itertools.product(range(3), repeat=3)))
