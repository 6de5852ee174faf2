import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.strategy import HypervolumeReference, hypervolume
from nasea.strategy.predictor.acquisition import NoisyFront

SHARES = st.integers(0, 9).map(lambda n: n / 10)
QUALITIES = st.integers(0, 8).map(float)
POINTS = st.lists(st.tuples(SHARES, QUALITIES), min_size=1, max_size=12)
REFERENCE = HypervolumeReference(quality=2.0, cost_low=0.0, cost_high=1.0)


def volume(points: list[tuple[float, float]]) -> float:
    costs, qualities = np.array(points).T
    return hypervolume(costs, qualities, REFERENCE)


def front_of(points: list[tuple[float, float]]) -> NoisyFront:
    costs, qualities = np.array(points).T
    return NoisyFront.of(costs, qualities, qualities, REFERENCE.quality)


@given(POINTS, SHARES, QUALITIES)
@settings(deadline=None)
def test_without_noise_the_gain_is_what_hypervolume_grows_by(
    points: list[tuple[float, float]], cost: float, quality: float
) -> None:
    quality = max(quality, REFERENCE.quality)
    height = np.array([[quality]])
    gain = front_of(points).improvement(np.array([cost]), height, height)[0, 0]
    grown = volume([*points, (cost, quality)]) - volume(points)
    assert gain == pytest.approx(grown, abs=1e-12)


@given(POINTS, SHARES, QUALITIES)
@settings(deadline=None)
def test_a_point_added_is_a_point_it_is_of(
    points: list[tuple[float, float]], cost: float, quality: float
) -> None:
    one = front_of(points).with_point(cost, quality, quality)
    other = front_of([*points, (cost, quality)])
    probe = np.linspace(0, 1, 7)
    height = np.full((7, 1), 6.5)
    np.testing.assert_allclose(
        one.improvement(probe, height, height), other.improvement(probe, height, height)
    )


def test_a_lucky_score_has_to_be_beaten_but_is_not_worth_what_it_seems() -> None:
    front = NoisyFront.of(np.array([0.0]), np.array([8.0]), np.array([6.0]), 2.0)
    observed, expected = np.array([[7.5, 8.5]]), np.array([[7.0, 7.0]])
    gains = front.improvement(np.array([0.5]), observed, expected)
    np.testing.assert_allclose(gains, [[0.0, 0.5 * (7.0 - 6.0)]])


def test_luck_that_replaces_quality_is_a_loss() -> None:
    front = NoisyFront.of(np.array([0.0]), np.array([8.0]), np.array([7.9]), 2.0)
    gain = front.improvement(np.array([0.0]), np.array([[8.5]]), np.array([[7.4]]))
    assert gain[0, 0] == pytest.approx(-0.5)
