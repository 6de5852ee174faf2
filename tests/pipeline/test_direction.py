from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.backends.records import Measurement
from nasea.errors import MetricError
from nasea.pipeline.search.direction import Direction, decide, from_json, to_json

LOW = (0.10, 0.12, 0.09, 0.11, 0.10, 0.13)
HIGH = (0.80, 0.85, 0.79, 0.82, 0.90, 0.81)
FAILED = Measurement(None, "metrics_func called exit(-1)")


def measured(values: Sequence[float]) -> list[Measurement]:
    return [Measurement(value) for value in values]


def test_what_training_made_larger_is_an_accuracy() -> None:
    direction = decide("auto", measured(LOW), measured(HIGH))
    assert (direction.mode, direction.in_unit_interval) == ("max", True)
    assert direction.accuracy(0.9) == 0.9
    assert "from 0.1083 to 0.8283" in direction.evidence
    assert "6 architectures" in direction.evidence


def test_what_training_made_smaller_is_an_error() -> None:
    direction = decide("auto", measured(HIGH), measured(LOW))
    assert (direction.mode, direction.in_unit_interval) == ("min", True)
    assert direction.accuracy(0.25) == 0.75


def test_an_error_beyond_one_is_negated() -> None:
    direction = decide("auto", measured([12 * v for v in HIGH]), measured(LOW))
    assert (direction.mode, direction.in_unit_interval) == ("min", False)
    assert direction.accuracy(0.25) == -0.25


@pytest.mark.parametrize(
    "after",
    [
        LOW,
        (0.14, 0.08, 0.12, 0.08, 0.13, 0.10),
        (0.11, 0.13, 0.10, 0.12, 0.11, 0.99),
    ],
    ids=["constant", "both ways", "one architecture alone"],
)
def test_what_cannot_be_told_apart_is_asked(after: Sequence[float]) -> None:
    with pytest.raises(MetricError, match="cannot tell") as caught:
        decide("auto", measured(LOW), measured(after))
    fix = str(caught.value.fix)
    assert "metric_mode: max" in fix and "metric_mode: min" in fix
    assert "supernet is kept" in fix


def test_a_few_failures_are_survived() -> None:
    before = [FAILED, *measured(LOW[1:])]
    after = [*measured(HIGH[:-1]), FAILED]
    direction = decide("auto", before, after)
    assert direction.mode == "max"
    assert "4 architectures" in direction.evidence


def test_too_many_failures_are_told_with_their_reasons() -> None:
    with pytest.raises(MetricError, match="exit\\(-1\\)") as caught:
        decide("auto", [FAILED] * 6, measured(HIGH))
    assert "0 could be measured" in caught.value.message
    assert "metric_mode: max" in str(caught.value.fix)


def test_a_metric_that_always_fails_is_to_be_corrected_not_directed() -> None:
    for before in ([FAILED] * 6, measured(LOW)):
        with pytest.raises(MetricError, match="exit\\(-1\\)") as caught:
            decide("auto", before, [FAILED] * 6)
        assert "failed on all 6 architectures" in caught.value.message
        assert "metric_mode" not in str(caught.value)
        assert "correct the metric" in str(caught.value.fix)


def test_a_metric_that_mostly_fails_is_corrected_first() -> None:
    with pytest.raises(MetricError) as caught:
        decide("auto", measured(LOW), [*measured(HIGH[:2]), *[FAILED] * 4])
    fix = str(caught.value.fix)
    assert fix.startswith("correct what failed") and "metric_mode: max" in fix


@pytest.mark.parametrize("asked, accuracy", [("max", 0.2), ("min", 0.8)])
def test_what_the_scenario_says_is_not_questioned(asked: str, accuracy: float) -> None:
    wrong_way = measured(HIGH), measured(LOW)
    direction = decide("max" if asked == "max" else "min", *wrong_way)
    assert direction.mode == asked
    assert direction.accuracy(0.2) == pytest.approx(accuracy)
    assert asked in direction.evidence


def test_with_nothing_measured_an_error_is_negated() -> None:
    assert decide("min", [FAILED], [FAILED]).accuracy(0.2) == -0.2


@given(
    mode=st.sampled_from(["max", "min"]),
    unit=st.booleans(),
    metrics=st.lists(st.floats(0, 1), min_size=2, max_size=2),
)
def test_a_better_metric_is_never_a_lower_accuracy(
    mode: str, unit: bool, metrics: list[float]
) -> None:
    direction = Direction("max" if mode == "max" else "min", unit, "")
    worse, better = sorted(metrics, reverse=mode == "min")
    assert direction.accuracy(worse) <= direction.accuracy(better)


def test_measurements_survive_json() -> None:
    values = [*measured(LOW), FAILED]
    assert from_json(json.loads(json.dumps(to_json(values)))) == values
