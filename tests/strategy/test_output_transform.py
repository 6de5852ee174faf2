import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.strategy.predictor.output_transform import OutputTransform

QUALITIES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30).map(np.array)


@given(QUALITIES)
@settings(deadline=None)
def test_targets_rise_with_quality_and_leads_back(qualities: np.ndarray) -> None:
    transform = OutputTransform.fit(qualities)
    targets = transform.apply(qualities)
    assert np.isfinite(targets).all()
    order = np.argsort(qualities)
    assert (np.diff(targets[order]) >= 0).all()
    np.testing.assert_allclose(transform.invert(targets), qualities, rtol=1e-6, atol=1e-6)


def test_targets_are_standardised() -> None:
    qualities = np.array([0.1, 0.5, 0.8, 0.9, 0.92])
    targets = OutputTransform.fit(qualities).apply(qualities)
    assert targets.mean() == pytest.approx(0.0)
    assert targets.std() == pytest.approx(1.0)


def test_near_the_best_a_step_is_worth_more() -> None:
    transform = OutputTransform.fit(np.array([10.0, 60.0, 80.0, 90.0]))
    low, middle, high = transform.apply(np.array([20.0, 50.0, 80.0]))
    assert high - middle > middle - low
