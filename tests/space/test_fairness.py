"""Strict fairness of the training paths."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nasea.space import fair_path

choices = st.lists(st.integers(1, 9), min_size=1, max_size=4)
seeds = st.integers(0, 2**31 - 1)


@given(choices, seeds, st.integers(0, 50))
def test_each_turn_holds_every_candidate_once(counts: list[int], seed: int, turn: int) -> None:
    for layer, count in enumerate(counts):
        steps = range(turn * count, (turn + 1) * count)
        drawn = [fair_path(counts, seed, step)[layer] for step in steps]
        assert sorted(drawn) == list(range(count))


@given(choices, seeds, st.integers(1, 40))
def test_no_candidate_is_ahead_by_more_than_one(counts: list[int], seed: int, steps: int) -> None:
    paths = [fair_path(counts, seed, step) for step in range(steps)]
    for layer, count in enumerate(counts):
        trained = Counter(path[layer] for path in paths)
        times = [trained[candidate] for candidate in range(count)]
        assert max(times) - min(times) <= 1


@given(choices, seeds, st.integers(0, 10**9))
def test_a_path_depends_on_its_step_alone(counts: list[int], seed: int, step: int) -> None:
    path = fair_path(counts, seed, step)
    fair_path(counts, seed, step + 1)
    assert fair_path(counts, seed, step) == path
    assert all(0 <= gene < count for gene, count in zip(path, counts, strict=True))


def test_seeds_and_layers_draw_differently() -> None:
    def paths(seed: int) -> list[tuple[int, ...]]:
        return [fair_path([8] * 4, seed, step) for step in range(64)]

    assert paths(0) == paths(0)
    assert paths(0) != paths(1)
    assert len(set(zip(*paths(0), strict=True))) == 4, "all layers draw in the same order"
