"""The learning rates of a whole training, judged before it begins."""

from __future__ import annotations

import math

import pytest

from nasea.errors import TrainingError
from nasea.pipeline.diagnosis.schedule import describe, early_warning, require_rates

COSINE = [0.5 * (1 + math.cos(math.pi * i / 99)) for i in range(100)]


@pytest.mark.parametrize(
    "rates",
    [COSINE, [0.1], [0.0, 0.1, 0.1], [0.1] * 50, [0.1, 0.0] * 20, [*[0.1] * 99, 0.0]],
    ids=["cosine", "one", "warm-up from zero", "constant", "restarts", "ends at zero"],
)
def test_schedules_that_people_use_pass(rates: list[float]) -> None:
    require_rates(rates, "schedule", len(rates))
    assert early_warning(rates, len(rates)) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1])
def test_what_is_no_rate_is_refused_with_its_update(bad: float) -> None:
    with pytest.raises(TrainingError, match="at update 31 of 50"):
        require_rates([0.1] * 30 + [bad] + [0.1] * 19, "schedule", 50)


def test_a_schedule_that_ends_at_zero_early_is_refused() -> None:
    with pytest.raises(TrainingError, match="of 0 from update 41 of 100 on"):
        require_rates([0.1] * 40 + [0.0] * 60, "schedule", 100)


def test_a_schedule_that_ends_at_zero_before_the_end_is_told() -> None:
    rates = [0.1] * 16 + [0.0] * 2  # as of published modules
    require_rates(rates, "schedule", 18)
    message = early_warning(rates, 18)
    assert message is not None and "0 from update 17 of 18 on" in message


def test_milestones_meant_in_epochs_are_told() -> None:
    rates = [0.1] * 5 + [0.01] * 5 + [0.001] * 90
    message = early_warning(rates, 100)
    assert message is not None and "1.00% of its peak after 10 of 100 updates" in message


def test_first_peak_and_last_are_told_with_the_curve() -> None:
    rates = [0.01, 0.1, 0.05, 0.001]
    assert describe(rates, 4) == "0.01 first, 0.1 at most (update 2), 0.001 last: ▂█▅▁"
    sampled = describe([0.01, 0.1, 0.05, 0.001], 31)
    assert "update 11" in sampled and len(describe(COSINE, 100).split(": ")[1]) == 40
