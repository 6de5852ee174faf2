import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.strategy import HypervolumeReference, hypervolume
from nasea.strategy.pareto import rank_and_crowding

REFERENCE = HypervolumeReference(quality=0.2, cost_low=100.0, cost_high=300.0)
POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30)


def volume(*points: tuple[float, float]) -> float:
    costs, qualities = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return hypervolume(costs, qualities, REFERENCE)


def test_hypervolume_of_known_fronts() -> None:
    assert volume((100, 0.7)) == pytest.approx(0.5)
    assert volume((200, 0.7)) == pytest.approx(0.25)
    # Two steps: half the range of cost at 0.5 above the reference, all of it at 0.1.
    assert volume((100, 0.3), (200, 0.7)) == pytest.approx(0.1 + 0.5 * 0.4)


def test_points_no_better_than_the_reference_add_nothing() -> None:
    assert volume() == 0.0
    assert volume((300, 0.9), (100, 0.2), (500, 0.9), (100, 0.1)) == 0.0
    assert volume((200, 0.7), (400, 0.9), (100, 0.1)) == volume((200, 0.7))


def test_hypervolume_where_only_one_cost_is_feasible() -> None:
    reference = HypervolumeReference(quality=0.2, cost_low=100.0, cost_high=100.0)
    assert hypervolume(np.array([100.0]), np.array([0.6]), reference) == pytest.approx(0.4)


@given(POINTS, st.integers(1, 30), st.integers(0, 100))
@settings(deadline=None)  # the first call imports pymoo
def test_survivors_are_the_better_ranks(
    points: list[tuple[int, int]], survive: int, seed: int
) -> None:
    costs, qualities = np.array(points, dtype=np.float64).T
    ranking = rank_and_crowding(costs, qualities, survive=survive, rng=np.random.default_rng(seed))
    everyone = rank_and_crowding(
        costs, qualities, survive=len(points), rng=np.random.default_rng(0)
    )
    kept = ranking.survivors.tolist()
    assert len(set(kept)) == len(kept) == min(survive, len(points))
    rank = dict(zip(everyone.survivors.tolist(), everyone.rank.tolist(), strict=True))
    assert ranking.rank.tolist() == [rank[i] for i in kept]
    assert max(rank[i] for i in kept) <= min(
        (rank[i] for i in range(len(points)) if i not in kept), default=len(points)
    )
    first = {
        i
        for i, (c, q) in enumerate(points)
        if not any(a <= c and b >= q and (a, b) != (c, q) for a, b in points)
    }
    assert {i for i in rank if rank[i] == 0} == first


def test_the_ends_of_a_front_survive_truncation() -> None:
    costs = np.arange(20.0)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        ranking = rank_and_crowding(costs, costs, survive=5, rng=rng)
        assert {0, 19} <= set(ranking.survivors.tolist())


def test_ranking_ignores_the_global_random_state() -> None:
    costs = np.arange(12.0)
    outcomes = []
    for seed in range(5):
        np.random.seed(seed)
        before = np.random.get_state()[1].copy()  # type: ignore[index]
        ranking = rank_and_crowding(costs, costs, survive=5, rng=np.random.default_rng(1))
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # type: ignore[index]
        outcomes.append(ranking.survivors.tolist())
    assert all(outcome == outcomes[0] for outcome in outcomes)
