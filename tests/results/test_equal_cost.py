"""Measures of a ranking at equal cost, by hand."""

from __future__ import annotations

import pytest

from nasea.results.equal_cost import EqualCost, family_bias, slices_of, tau_at_equal_cost


def test_a_slice_holds_what_costs_the_same_and_no_more() -> None:
    costs = [200.0, 100, 101, 104, 110.5, 111, 210, 400]
    supernet = [0.1, 0.2, 0.3, 0.4, 0.1, 0.9, 0.2, 0.3]
    alone = [0.1, 0.2, 0.6, 0.5, 0.3, 0.9, 0.2, 0.3]
    (one,) = slices_of(costs, supernet, alone)
    # 110.5 is within 5 % of 105.24, as 100 is; 111 is not.
    assert one == EqualCost(100, 110.5, 4, pytest.approx(one.tau), 0.6 - 0.5, 0.5 - 0.4)
    # Orders of (0.2, 0.3, 0.4, 0.1) and (0.2, 0.6, 0.5, 0.3): four pairs agree, two do not.
    assert one.tau == pytest.approx((4 - 2) / 6)


def test_the_pairs_of_equal_cost() -> None:
    found = tau_at_equal_cost([100, 104, 200, 209, 1000], [1, 2, 4, 3, 9], [1, 2, 3, 4, 0])
    assert found == (0.0, 2)
    assert tau_at_equal_cost([1, 2, 3], [1, 2, 3], [1, 2, 3]) is None


def test_bias_of_a_family() -> None:
    families = [["wide", "deep"], ["deep", "deep"], ["wide", "wide"]]
    found = family_bias(families, [0.1, 0.2, 0.3], [0.3, 0.2, 0.1])
    # The first falls from place 3 of 3 to 1, the last rises from 1 to 3.
    assert found == {"wide": (pytest.approx((-1 + 1 + 1) / 3), 3), "deep": (-1 / 3, 3)}
    assert list(found) == ["wide", "deep"]
    assert family_bias(families, [1, 2, 3], [1, 2, 3]) == {"wide": (0, 3), "deep": (0, 3)}
