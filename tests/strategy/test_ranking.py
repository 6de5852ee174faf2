"""Orders compared: against the definitions, written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.strategy.ranking import kendall_tau, spearman_rho, tau_interval, top_k_regret

values = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12).map(
    lambda pairs: tuple(zip(*pairs, strict=True))
)


@given(values)
def test_kendall_tau_counts_pairs(columns: tuple[tuple[int, ...], ...]) -> None:
    one, other = columns
    pairs = list(combinations(range(len(one)), 2))
    signs = [(np.sign(one[i] - one[j]), np.sign(other[i] - other[j])) for i, j in pairs]
    untied = [sum(sign[side] != 0 for sign in signs) for side in (0, 1)]
    expected = sum(a * b for a, b in signs) / np.sqrt(np.prod(untied)) if all(untied) else 0.0
    assert kendall_tau(one, other) == pytest.approx(expected)


def test_spearman_rho_is_the_correlation_of_ranks() -> None:
    one, other = [0.1, 0.7, 0.3, 0.9], [3.0, 20.0, 40.0, 100.0]
    assert spearman_rho(one, other) == pytest.approx(np.corrcoef([0, 2, 1, 3], [0, 1, 2, 3])[0, 1])
    assert spearman_rho([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) == 0.0
    rising = np.arange(5.0)
    assert spearman_rho(rising, np.exp(rising)) == pytest.approx(1.0)
    assert spearman_rho(rising, -rising) == pytest.approx(-1.0)


def test_regret_is_what_the_selection_misses() -> None:
    predicted, true = [0.9, 0.8, 0.7, 0.1], [0.5, 0.6, 0.9, 0.2]
    assert [top_k_regret(predicted, true, k) for k in (1, 2, 3)] == pytest.approx([0.4, 0.3, 0.0])


def test_the_interval_holds_tau_and_is_always_the_same() -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=20).tolist()
    other = (np.array(one) + rng.normal(size=20)).tolist()
    low, high = tau_interval(one, other)
    assert -1 <= low < kendall_tau(one, other) < high <= 1
    assert (low, high) == tau_interval(one, other)
