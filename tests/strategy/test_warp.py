import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.strategy.predictor.output_transform import Warp

QUALITIES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30).map(np.array)


@given(QUALITIES)
@settings(deadline=None)
def test_merit_rises_with_quality_and_leads_back(qualities: np.ndarray) -> None:
    warp = Warp.of(qualities)
    merits = warp.merit(qualities)
    assert np.isfinite(merits).all()
    order = np.argsort(qualities)
    assert (np.diff(merits[order]) >= 0).all()
    np.testing.assert_allclose(warp.quality(merits), qualities, rtol=1e-6, atol=1e-6)


def test_merits_are_standardised() -> None:
    qualities = np.array([0.1, 0.5, 0.8, 0.9, 0.92])
    merits = Warp.of(qualities).merit(qualities)
    assert merits.mean() == pytest.approx(0.0)
    assert merits.std() == pytest.approx(1.0)


def test_near_the_best_a_step_is_worth_more() -> None:
    warp = Warp.of(np.array([10.0, 60.0, 80.0, 90.0]))
    low, middle, high = warp.merit(np.array([20.0, 50.0, 80.0]))
    assert high - middle > middle - low
