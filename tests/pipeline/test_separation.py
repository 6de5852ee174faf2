from __future__ import annotations

import json

import pytest

from nasea.backends.records import EvaluationSubset, Measurement, one_by_one
from nasea.pipeline.search.separation import Separation, measure_separation
from nasea.space import Genome

GENOMES = [(number,) for number in range(10)]


def separation_of(noise: float, spread: float) -> Separation:
    def measure(genome: Genome, data: EvaluationSubset) -> Measurement:
        sign = (1 if data.half else -1) * (1 if data.statistics else -1)
        return Measurement(0.5 + spread * genome[0] + noise * sign)

    found = measure_separation(GENOMES, one_by_one(measure), None, lambda done: None)
    assert found is not None
    return found


def test_the_ratio_of_the_variances() -> None:
    found = separation_of(noise=0.01, spread=0.01)
    assert found.between == pytest.approx(1e-4 * 55 / 6)  # variance of 0..9
    assert found.within == pytest.approx(1e-4 * 4 / 3)
    assert found.ratio == pytest.approx(6.875)
    assert found.lowest == pytest.approx(0.5)
    assert found.highest == pytest.approx(0.59)
    assert found.holds
    assert found.notice() is None
    assert "6.9 x" in found.describe()


def test_scores_that_do_not_separate_are_warned_of() -> None:
    found = separation_of(noise=0.05, spread=0.001)
    assert not found.holds
    notice = found.notice()
    assert notice is not None
    assert "Train longer" in notice.text
    assert found.describe() in notice.text


@pytest.mark.parametrize("spread, holds", [(0.01, True), (0.0, False)])
def test_without_noise_any_difference_counts(spread: float, holds: bool) -> None:
    assert separation_of(noise=0.0, spread=spread).holds is holds


def test_every_architecture_meets_the_same_four_conditions() -> None:
    asked: list[tuple[Genome, EvaluationSubset]] = []
    progress: list[int] = []

    def measure(genome: Genome, data: EvaluationSubset) -> Measurement:
        asked.append((genome, data))
        return Measurement(0.5)

    measure_separation(GENOMES, one_by_one(measure), 100, progress.append)
    assert progress == list(range(1, 11))
    assert len(set(asked)) == 40
    assert {data.images for _, data in asked} == {100}
    assert {(data.half, data.statistics) for _, data in asked} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_failed_architectures_are_left_out() -> None:
    def measure(genome: Genome, data: EvaluationSubset) -> Measurement:
        return Measurement(None, "no") if genome[0] in (3, 4) else Measurement(genome[0] / 10)

    found = measure_separation(GENOMES, one_by_one(measure), None, lambda done: None)
    assert found is not None
    assert found.architectures == 8
    assert measure_separation(GENOMES[3:6], one_by_one(measure), None, lambda done: None) is None


@pytest.mark.parametrize("noise", [0.01, 0.0])
def test_it_survives_json(noise: float) -> None:
    found = separation_of(noise, spread=0.01)
    assert Separation(**json.loads(json.dumps(found.to_dict()))) == found


def test_a_metric_without_a_value_on_halves_is_measured_on_the_whole_and_told() -> None:
    def measure(genome: Genome, data: EvaluationSubset) -> Measurement:
        if data.half == 1:
            return Measurement(None, "ValueError: only one class in y_true", raised=True)
        return Measurement(0.5 + 0.01 * genome[0] + 0.001 * data.statistics)

    found = measure_separation(GENOMES, one_by_one(measure), None, lambda done: None)
    assert found is not None and found.architectures == 10 and found.holds
    assert "only one class in y_true" in found.describe()


def test_that_nothing_could_be_measured_says_why() -> None:
    def measure(genome: Genome, data: EvaluationSubset) -> Measurement:
        return Measurement(None, "Traceback\nValueError: no positives")

    reasons: list[str] = []
    found = measure_separation(
        GENOMES, one_by_one(measure), None, lambda done: None, reasons.append
    )
    assert found is None and reasons == ["ValueError: no positives"]
