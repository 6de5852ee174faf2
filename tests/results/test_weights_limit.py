"""Networks that users take first get their weights first, and the others evenly."""

from __future__ import annotations

import random

import pytest

from nasea.results.recommend import recommend
from nasea.results.storage.weights_limit import by_need

from .builders import make_front


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 200])
def test_any_number_of_them_spreads_over_the_front(count: int) -> None:
    random.seed(count)
    front = make_front(*sorted(random.random() for _ in range(count)))
    order = [member.number for member in by_need(front)]
    assert sorted(order) == list(range(count))
    recommended = [member.number for _, member in recommend(front, None)]
    assert order[: len(recommended)] == recommended
    first = len({*recommended, front.best.number, 0, count - 1})
    for some in range(first, count):
        places = sorted(order[:some])
        gaps = [high - low for low, high in zip(places, places[1:], strict=False)]
        # No gap is wider than the first ones, halved as often as there were members for it.
        assert max(gaps) <= max(2, -(-2 * count // (some - first + 1)))
