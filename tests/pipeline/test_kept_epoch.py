"""Which epoch's weights a retraining keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.pipeline.retraining.kept import comparable, is_kept, noise
from nasea.results.retrained import EpochRow, TrainingPlan

ACCURACIES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def kept_epoch(before: float | None, epochs: list[float]) -> int:
    """Return the epoch kept in the end; 0 is before training."""
    kept = 0
    for count in range(1, len(epochs) + 1):
        if is_kept(before, epochs[:count]):
            kept = count
    return kept


def test_a_lucky_epoch_in_the_middle_gives_way_to_the_last_one() -> None:
    # Measured: CIFAR-10, 4,000 training images; epoch 26 had 0.603 on test images, epoch 40 0.619.
    lucky = [0.627, 0.619, 0.631, 0.62, 0.625, 0.634, 0.649, 0.644, 0.646, 0.642, 0.641, 0.648]
    after = [0.641, 0.648, 0.644, 0.646, 0.64, 0.648, 0.645, 0.647, 0.647]
    assert kept_epoch(0.437, lucky + after) == len(lucky + after)


def test_the_noise_around_the_best_epoch_counts_though_later_ones_have_less() -> None:
    # Measured: CIFAR-10, 60 epochs from the weights of a search; epochs 13 to 60.
    # On test images epoch 32 (the last within the noise of its time) had 0.703, epoch 60 0.718.
    noisy = [
        0.702,
        0.689,
        0.698,
        0.701,
        0.695,
        0.6875,
        0.7075,
        0.7115,
        0.7025,
        0.7265,
        0.7205,
        0.708,
        0.7215,
        0.726,
        0.7085,
        0.7145,
        0.716,
        0.7055,
        0.7065,
        0.7185,
        0.7155,
        0.716,
        0.717,
        0.716,
        0.7145,
        0.7195,
        0.721,
        0.7095,
        0.721,
        0.72,
        0.717,
        0.716,
        0.7155,
        0.7165,
        0.7175,
        0.7115,
        0.719,
        0.716,
        0.7235,
        0.717,
        0.7145,
        0.717,
        0.7165,
        0.718,
        0.72,
        0.7195,
        0.72,
        0.72,
    ]
    assert 0.7265 == max(noisy) == noisy[9]
    assert kept_epoch(0.679, noisy) == len(noisy)


def test_a_network_that_overfits_keeps_its_best_epoch() -> None:
    rising = [0.5, 0.56, 0.6, 0.63, 0.64, 0.645]
    falling = [0.63, 0.61, 0.59, 0.56, 0.53, 0.5]
    assert kept_epoch(0.4, rising + falling) == len(rising)


def test_a_slow_decline_does_not_drift_away_from_the_best() -> None:
    steps = [0.7 - 0.002 * epoch + (0.003 if epoch % 2 else 0.0) for epoch in range(30)]
    kept = kept_epoch(None, steps)
    assert steps[kept - 1] >= max(steps) - 0.01


def test_training_that_never_reaches_its_beginning_keeps_the_beginning() -> None:
    assert kept_epoch(0.8, [0.5, 0.6, 0.79, 0.795]) == 0


@given(ACCURACIES, st.floats(0, 1))
def test_what_is_kept_is_no_worse_than_before(epochs: list[float], before: float) -> None:
    kept = kept_epoch(before, epochs)
    assert kept == 0 or epochs[kept - 1] >= before


@given(ACCURACIES)
def test_of_equals_the_last_is_kept_and_the_best_always_would_be(epochs: list[float]) -> None:
    best = max(range(len(epochs)), key=lambda index: (epochs[index], index))
    assert is_kept(None, epochs[: best + 1])
    assert kept_epoch(None, epochs) >= best + 1


@given(st.lists(st.floats(0, 1), min_size=5, max_size=20), st.floats(-1, 1))
def test_noise_does_not_depend_on_a_constant_trend(epochs: list[float], slope: float) -> None:
    tilted = [value + slope * index for index, value in enumerate(epochs)]
    assert noise(tilted) == pytest.approx(noise(epochs), abs=1e-9)


def test_few_epochs_show_no_noise() -> None:
    assert noise([0.1, 0.9, 0.2, 0.8]) == 0.0


@pytest.mark.parametrize(
    ("epochs", "in_float"), [(1, 0), (2, 1), (3, 2), (4, 3), (5, 3), (8, 6), (100, 75)]
)
def test_the_last_quarter_of_a_quantisation_aware_training_is_rounded(
    epochs: int, in_float: int
) -> None:
    assert TrainingPlan(False, epochs, 0.1, quantisation_aware=True).float_epochs == in_float
    assert TrainingPlan(False, epochs, 0.1).float_epochs == epochs


def test_rounded_epochs_compete_with_each_other_only() -> None:
    rows = [EpochRow(epoch, 0.5) for epoch in range(6)]
    assert [row.epoch for row in comparable(rows[:4], 4, 4)] == [1, 2, 3]
    assert [row.epoch for row in comparable(rows[:5], 5, 4)] == []
    assert [row.epoch for row in comparable(rows, 6, 4)] == [5]
