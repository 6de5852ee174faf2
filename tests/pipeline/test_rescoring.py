from __future__ import annotations

import math

import numpy as np
import pytest

from nasea.backends.data.evaluation_subset import spread
from nasea.backends.records import EvaluationSubset, Measurement, one_by_one
from nasea.pipeline.search.rescoring import other_images, remaining_noise
from nasea.pipeline.search.separation import Separation, measure_separation
from nasea.space import Genome


def separation(noise: float, draw_noise: float, undefined: str = "") -> Separation:
    return Separation(20, 1.0, 0.1, 10.0, 0.0, 1.0, undefined, noise, draw_noise)


@pytest.mark.parametrize(("images", "available"), [(2, 3), (90, 200), (500, 5000), (7, 7 * 13)])
def test_a_second_score_is_made_on_other_images(images: int, available: int) -> None:
    (again,) = other_images(images, available, separation(0.1, 0.0))
    assert again.statistics == 1
    first = set(spread(available, images).tolist())
    second = spread(available, again.images, again.half).tolist()
    assert len(second) == images - 1
    assert first.isdisjoint(second)


@pytest.mark.parametrize("images", [None, 120, 1])
def test_where_no_others_are_left_the_statistics_are_drawn_anew_if_that_matters(
    images: int | None,
) -> None:
    anew = (EvaluationSubset(images, statistics=1),)
    assert other_images(images, 200, separation(0.1, 0.09)) == anew
    assert other_images(images, 200, separation(0.1, 0.02)) == ()


def test_a_metric_without_a_value_on_parts_keeps_its_images() -> None:
    assert other_images(90, 200, separation(0.1, 0.1, "one class")) == (
        EvaluationSubset(90, statistics=1),
    )


def test_nothing_is_scored_again_where_scores_have_no_noise_or_nobody_knows_it() -> None:
    for found in (None, separation(0.0, 0.0), Separation(20, 1.0, 0.1, 10.0, 0.0, 1.0)):
        assert other_images(90, 200, found) == ()
    assert remaining_noise((), None) is None
    assert remaining_noise((), separation(0.3, 0.1)) == 0.3


def test_what_is_left_of_the_noise() -> None:
    """Other images halve the variance; other draws only their own part of it."""
    found = separation(0.5, 0.3)
    assert remaining_noise(other_images(90, 200, found), found) == pytest.approx(0.5 / math.sqrt(2))
    assert remaining_noise(other_images(None, 200, found), found) == pytest.approx(
        math.sqrt(0.16 + 0.09 / 2)
    )


def test_the_noise_is_that_of_a_score_and_not_what_all_have_in_common() -> None:
    """Found from the parts it is made of: 0.03 a half, 0.02 a draw; 0.2 that is common to all."""
    rng = np.random.default_rng(0)
    genomes = [(number,) for number in range(4000)]
    halves, draws = rng.normal(size=(2, 4000, 2)) * [[[0.03]], [[0.02]]]

    def measure(genome: Genome, data: EvaluationSubset) -> Measurement:
        assert data.half is not None
        number, half, draw = genome[0], data.half, data.statistics
        common = 0.2 * half - 0.1 * draw
        return Measurement(float(common + halves[number, half] + draws[number, draw]))

    found = measure_separation(genomes, one_by_one(measure), None, lambda done: None)
    assert found is not None and found.noise is not None
    assert found.draw_noise == pytest.approx(0.02, rel=0.05)
    assert found.noise == pytest.approx(math.hypot(0.02, 0.03 / math.sqrt(2)), rel=0.05)
