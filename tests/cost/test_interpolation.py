"""Between measured shapes: exact, rising, and never beyond them without saying so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.cost import Operator, Subgraph
from nasea.cost.operators import ADD, CONV, RESHAPE
from nasea.cost.profiles import UnpricedError
from nasea.cost.profiles.interpolation import Curve, Sample
from nasea.cost.profiles.table import MeasuredOperator, TableProfile, family_of

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def work(sizes: tuple[int, ...]) -> tuple[float, float]:
    return float(np.prod(sizes)), float(sum(sizes))


def curve(measured: dict[tuple[int, int], float]) -> Curve:
    return Curve([Sample(sizes, work(sizes), ms) for sizes, ms in measured.items()])


MEASURED = st.dictionaries(SIZES, st.floats(0.01, 10), min_size=1, max_size=12)


@settings(deadline=None)  # scipy is loaded on the way
@given(MEASURED)
def test_what_was_measured_is_given_as_measured(measured: dict[tuple[int, int], float]) -> None:
    found = curve(measured)
    for sizes, ms in measured.items():
        assert found.estimate(sizes, work(sizes)).ms == ms
        assert found.estimate(sizes, work(sizes)).inside


@settings(deadline=None)  # scipy is loaded on the way
@given(MEASURED, SIZES, SIZES)
def test_between_measured_shapes_more_is_never_faster(
    measured: dict[tuple[int, int], float], one: tuple[int, int], other: tuple[int, int]
) -> None:
    found = curve(measured)
    low = (min(one[0], other[0]), min(one[1], other[1]))
    high = (max(one[0], other[0]), max(one[1], other[1]))
    if low in measured or high in measured:
        return  # measurements may contradict the rule; what was measured is given as it is
    assert found.estimate(low, work(low)).ms <= found.estimate(high, work(high)).ms + 1e-12


@settings(deadline=None)  # scipy is loaded on the way
@given(MEASURED, SIZES)
def test_inside_means_bounded_on_both_sides(
    measured: dict[tuple[int, int], float], sizes: tuple[int, int]
) -> None:
    estimate = curve(measured).estimate(sizes, work(sizes))
    below = [ms for (a, b), ms in measured.items() if a <= sizes[0] and b <= sizes[1]]
    above = [ms for (a, b), ms in measured.items() if a >= sizes[0] and b >= sizes[1]]
    assert estimate.inside == bool(below and above)
    if estimate.inside:
        assert min(measured.values()) <= estimate.ms <= max(measured.values())


def test_a_law_that_holds_is_found_between_the_samples() -> None:
    def law(sizes: tuple[int, int]) -> float:
        return 0.05 + 2e-3 * work(sizes)[0]

    grid = [(a, b) for a in (1, 8, 32) for b in (1, 8, 32)]
    found = curve({sizes: law(sizes) for sizes in grid})
    for sizes in [(4, 20), (16, 16), (31, 2)]:
        assert found.estimate(sizes, work(sizes)).ms == pytest.approx(law(sizes), rel=1e-6)


def conv(c_in: int, c_out: int, side: int, kernel: int = 3) -> Operator:
    return Operator(CONV, (c_in, side, side), (c_out, side, side), (kernel, kernel))


def table(*, extrapolate: bool = False, per_operator_ms: float = 0.0) -> TableProfile:
    rows = [
        MeasuredOperator.of(conv(c, c, side), 1e-6 * c * c * side * side + 0.01)
        for c in (8, 16, 64)
        for side in (4, 16)
    ]
    return TableProfile(
        "phone", "a phone", "2026", "r.csv", 0.0, per_operator_ms, extrapolate, "q", tuple(rows)
    )


def test_a_table_interpolates_and_adds_up() -> None:
    subgraph = Subgraph("block", (conv(16, 16, 8), conv(32, 16, 16)))
    ms = table().latency_ms(subgraph)
    assert 0.02 < ms < 0.2
    assert table(per_operator_ms=0.5).latency_ms(subgraph) == pytest.approx(ms + 1.0)
    assert table().guesses(subgraph) == []


def test_beyond_the_measured_shapes_is_refused_and_says_which_size() -> None:
    subgraph = Subgraph("block", (conv(128, 16, 16).named("layer 2: basic_x1"), conv(16, 16, 16)))
    with pytest.raises(UnpricedError) as caught:
        table().latency_ms(subgraph)
    text = caught.value.message
    assert (
        "(layer 2: basic_x1): beyond what was measured: 128 channels in (measured: 8 to 64)" in text
    )
    assert "nasea latency bench" in str(caught.value.fix)
    allowed = table(extrapolate=True)
    assert allowed.latency_ms(subgraph) > 0
    assert len(allowed.guesses(subgraph)) == 1, "but never silently"


def test_what_was_never_measured_is_named() -> None:
    for extrapolate in (False, True):
        with pytest.raises(UnpricedError, match="no conv 5x5, stride 1, dense was measured"):
            table(extrapolate=extrapolate).latency_ms(Subgraph("block", (conv(8, 8, 4, kernel=5),)))


def test_moving_nothing_costs_nothing_and_a_fused_relu_no_more() -> None:
    assert table().latency_ms(Subgraph("x", (Operator(RESHAPE, (4, 1, 1), (1, 4, 1)),))) == 0
    plain, fused = (Operator(ADD, (4, 1, 1), (4, 1, 1), activation=a) for a in ("", "relu"))
    assert family_of(plain) == family_of(fused)
