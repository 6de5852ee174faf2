"""Which scores the predictor is told of."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nasea.strategy.predictor.training_subset import training_subset


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_as_many_as_asked_for_each_once_and_in_order(n: int, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    costs, qualities = rng.integers(0, 9, (2, n)).astype(float)
    rows, even = training_subset(costs, qualities, most)
    assert len(rows) == min(n, most)
    assert (np.diff(rows) > 0).all()
    assert ((rows >= 0) & (rows < n)).all()
    others = training_subset(costs, rng.random(n), most)
    assert (rows[even] == others[0][others[1]]).all(), "whatever the qualities are"


def test_the_front_comes_before_its_equals_and_then_what_lacks_least() -> None:
    costs = np.array([9.0, 2.0, 3.0, 5.0, 2.0, 3.0, 1.0, 2.0, 9.0])
    qualities = np.array([0.1, 0.6, 0.7, 0.7, 0.59, 0.1, 0.5, 0.0, 0.2])
    rows, even = training_subset(costs, qualities, 5)
    assert rows[even].tolist() == [0, 8], "the first and the last"
    assert rows.tolist() == [0, 1, 2, 6, 8], "three on the front; 3 is no better than 2"
    rows, _ = training_subset(costs, qualities, 7)
    assert rows.tolist() == [0, 1, 2, 3, 4, 6, 8]


def test_all_where_they_are_few() -> None:
    rows, even = training_subset(np.arange(4.0), np.zeros(4), 4)
    assert rows.tolist() == even.tolist() == [0, 1, 2, 3]
