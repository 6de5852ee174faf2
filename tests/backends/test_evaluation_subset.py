"""The evaluation subset: even, or with every class as frequent as in the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.backends.data.evaluation_subset import spread, stratified


def test_halves_make_the_whole() -> None:
    both = np.sort(np.concatenate([spread(100, 37, 0), spread(100, 37, 1)]))
    np.testing.assert_array_equal(both, spread(100, 37))


@given(st.integers(1, 200), st.integers(1, 250))
def test_spread_takes_as_many_as_wanted_once_each(images: int, wanted: int) -> None:
    chosen = spread(images, wanted)
    assert len(set(chosen.tolist())) == len(chosen) == min(images, wanted)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=60), st.data())
def test_stratified_takes_as_many_as_wanted_once_each(
    classes: list[set[int]], data: st.DataObject
) -> None:
    wanted = data.draw(st.integers(1, len(classes)))
    chosen = stratified(classes, wanted, 0)
    assert len(set(chosen.tolist())) == wanted
    np.testing.assert_array_equal(chosen, stratified(classes, wanted, 0))


def test_a_class_keeps_its_share() -> None:
    rng = np.random.default_rng(0)
    classes = [{int(c) for c in np.flatnonzero(rng.random(4) < [0.9, 0.4, 0.1, 0.03])}
               for _ in range(400)]  # fmt: skip
    chosen = stratified(classes, 80, 1)
    for name in range(4):
        share = np.mean([name in classes[i] for i in chosen])
        assert abs(share - np.mean([name in each for each in classes])) < 0.02


def test_images_without_objects_keep_their_share() -> None:
    classes = [set() if i % 4 == 0 else {1} for i in range(100)]
    assert sum(not classes[i] for i in stratified(classes, 20, 0)) == 5
