"""Which scores the predictor is told of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.strategy.telling import telling


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_as_many_as_asked_for_each_once_and_in_order(n: int, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = telling(rng.integers(0, 9, n).astype(float), rng.integers(0, 9, n).astype(float), most)
    assert len(rows) == min(n, most)
    assert (np.diff(rows) > 0).all()
    assert ((rows >= 0) & (rows < n)).all()


def test_the_front_is_told_whole_and_the_rest_by_how_little_it_lacks() -> None:
    costs = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0])
    qualities = np.array([0.5, 0.6, 0.7, 0.4, 0.59, 0.1, 0.0, 0.0])
    assert {0, 1, 2} < set(telling(costs, qualities, 4).tolist())
    assert {0, 1, 2, 4} < set(telling(costs, qualities, 5).tolist())


@pytest.mark.parametrize("most", [4, 40])
def test_what_is_far_from_the_front_is_told_of_too(most: int) -> None:
    rng = np.random.default_rng(0)
    costs, qualities = rng.random(100), rng.random(100)
    best_first = np.argsort(-qualities)
    assert qualities[telling(costs, qualities, most)].min() < qualities[best_first[most]]
