from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from nasea.strategy import Archive, Genome, Record, Rescoring, Score
from nasea.strategy.rescoring import confirmed

NOISE = 1.0


def archive_of(*points: tuple[float, float]) -> Archive:
    """Records of (cost, quality), their genomes numbered."""
    return Archive(
        tuple(
            Record((number,), cost, Score(quality, -quality), generation=0)
            for number, (cost, quality) in enumerate(points)
        )
    )


class Again:
    """Gives scores by genome, and remembers what it was asked for."""

    def __init__(self, **qualities: float | None) -> None:
        self.qualities = {(int(name[1:]),): value for name, value in qualities.items()}
        self.asked: list[tuple[list[Genome], int]] = []

    def __call__(self, genomes: Sequence[Genome], turn: int) -> list[Score]:
        self.asked.append((list(genomes), turn))
        found = [self.qualities[genome] for genome in genomes]
        return [Score.failed("no value") if q is None else Score(q, -q) for q in found]


def front_of(archive: Archive) -> list[Genome]:
    return [record.genome for record in archive.front(100.0)]


def test_a_lucky_member_falls_off_and_what_it_hid_is_doubted_next() -> None:
    archive = archive_of((1, 0.0), (2, 2.0), (3, 1.8), (4, 1.7))
    again = Again(g1=-4.0, g2=0.0, g3=1.7)
    found, measured = confirmed(archive, 100.0, Rescoring(again, 2, NOISE))
    assert again.asked == [([(1,)], 1), ([(2,)], 1), ([(3,)], 1)]
    assert measured == 3
    assert [found.scores[g,].quality for g in range(4)] == pytest.approx([0.0, -1.0, 0.9, 1.7])
    assert [found.scores[g,].metric for g in range(4)] == pytest.approx([0.0, 1.0, -0.9, -1.7])
    assert front_of(found) == [(0,), (2,), (3,)]


def test_a_lead_beyond_what_errors_explain_is_believed() -> None:
    archive = archive_of((1, 0.0), (2, 10.0), (3, 20.0))
    again = Again()
    assert confirmed(archive, 100.0, Rescoring(again, 3, NOISE)) == (archive, 0)


def test_the_cheapest_is_there_at_any_score() -> None:
    archive = archive_of((1, 0.0), (2, -1.0))
    assert confirmed(archive, 100.0, Rescoring(Again(), 3, NOISE)) == (archive, 0)


def test_over_the_budget_nothing_is_scored_again_nor_is_it_a_rival() -> None:
    archive = archive_of((1, 0.0), (200, 0.1), (2, 10.0))
    assert confirmed(archive, 100.0, Rescoring(Again(), 3, NOISE)) == (archive, 0)


def test_no_architecture_is_measured_more_often_than_that() -> None:
    archive = archive_of((1, 0.0), (2, 0.1), (3, 0.2))
    again = Again(g1=0.1, g2=0.2)
    found, measured = confirmed(archive, 100.0, Rescoring(again, 3, NOISE))
    assert again.asked == [([(1,), (2,)], 1), ([(1,), (2,)], 2)]
    assert measured == 4
    assert [found.scores[g,].measurements for g in range(3)] == [1, 3, 3]
    assert confirmed(found, 100.0, Rescoring(Again(), 3, NOISE)) == (found, 0)
    assert confirmed(archive, 100.0, Rescoring(Again(), 1, NOISE)) == (archive, 0)


def test_a_measurement_that_fails_leaves_the_score_and_is_not_repeated() -> None:
    archive = archive_of((1, 0.0), (2, 0.5))
    found, measured = confirmed(archive, 100.0, Rescoring(Again(g1=None), 2, NOISE))
    assert measured == 1
    score = found.scores[1,]
    assert (score.quality, score.measurements, score.failed_again) == (0.5, 1, 1)
    assert confirmed(found, 100.0, Rescoring(Again(), 2, NOISE)) == (found, 0)


def test_what_was_measured_again_survives_json_and_the_rest_is_as_before() -> None:
    archive = archive_of((1, 0.0), (2, 0.1), (3, 0.3))
    found, _ = confirmed(archive, 100.0, Rescoring(Again(g1=1 / 3, g2=None), 2, NOISE))
    stored = json.loads(json.dumps(found.to_dict()))
    assert Archive.from_dict(stored) == found
    assert "measurements" not in stored["records"][0]
