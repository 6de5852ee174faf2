from __future__ import annotations

import json

from nasea.backends.records import Measurement
from nasea.pipeline.search.scores import ScoreBook

GENOME = (0, 1, 2)
GOOD, BETTER = Measurement(0.7), Measurement(0.8)


def test_a_measurement_counts_on_the_images_it_was_made_on() -> None:
    book = ScoreBook("w", (100, 64))
    book.put(GENOME, GOOD)
    assert book.get(GENOME) == GOOD
    assert book.get((0, 1, 1)) is None
    assert book.get(GENOME, whole=True) is None
    book.put(GENOME, BETTER, whole=True)
    assert (book.get(GENOME), book.get(GENOME, whole=True)) == (GOOD, BETTER)
    assert len(book) == 1


def test_where_the_search_uses_all_images_nothing_is_measured_twice() -> None:
    book = ScoreBook("w", (None, 64))
    book.put(GENOME, GOOD)
    assert book.get(GENOME, whole=True) == GOOD


def test_stored_scores_serve_another_search_where_they_are_comparable() -> None:
    book = ScoreBook("w", (100, 64))
    book.put(GENOME, GOOD)
    book.put(GENOME, BETTER, whole=True)
    stored = json.loads(json.dumps(book.to_list()))
    for condition, known, known_whole in [
        ((100, 64), GOOD, BETTER),
        ((50, 64), None, BETTER),
        ((None, 64), BETTER, BETTER),
        ((100, 32), None, None),
    ]:
        other = ScoreBook("w", condition)
        other.update(stored)
        assert (other.get(GENOME), other.get(GENOME, whole=True)) == (known, known_whole)


def test_a_failure_is_remembered_for_this_start_only() -> None:
    book = ScoreBook("w", (None, 64))
    book.put(GENOME, Measurement(None, "out of memory"))
    assert book.get(GENOME) is not None
    other = ScoreBook("w", (None, 64))
    other.update(book.to_list())
    assert other.get(GENOME) is None


def test_another_turn_is_another_measurement_also_when_stored() -> None:
    book = ScoreBook("w", (100, 64))
    book.put(GENOME, GOOD)
    book.put(GENOME, BETTER, turn=1)
    other = ScoreBook("w", (100, 64))
    other.update(json.loads(json.dumps(book.to_list())))
    for one in (book, other):
        assert (one.get(GENOME), one.get(GENOME, turn=1), one.get(GENOME, turn=2)) == (
            GOOD, BETTER, None,
        )  # fmt: skip
        assert one.get(GENOME, whole=True) is None
        assert len(one) == 1
