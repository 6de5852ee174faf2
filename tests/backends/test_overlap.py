"""Training and validation data held against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.backends.data.overlap import Sample, classes_of, overlap_notices


def sample(images: Any, labels: Any) -> Sample:
    found = Sample()
    found.add(images, labels)
    return found


def noise(first: int, count: int) -> Any:
    return np.random.default_rng(0).random((100, 2, 2, 1))[first : first + count]


@given(shared=st.integers(0, 20))
def test_shared_images_are_counted(shared: int) -> None:
    train = sample(noise(0, 40), np.arange(40) % 4)
    val = sample(noise(40 - shared, 20), np.arange(20) % 4)
    message = " ".join(str(notice) for notice in overlap_notices(train, val, 40))
    assert (f"of 20 validation images at least {shared} are training images too," in message) == (
        shared > 1
    )


def test_a_part_of_the_training_images_stands_for_all() -> None:
    train, val = sample(noise(0, 40), None), sample(noise(30, 50), None)
    (notice,) = overlap_notices(train, val, 400)
    assert "at least 10 are training images too (of 40 looked at)," in notice.text


def test_images_of_one_colour_are_no_twins() -> None:
    plain = np.zeros((10, 2, 2, 1))
    assert not overlap_notices(sample(plain, None), sample(plain, None), 10)


@pytest.mark.parametrize(
    "labels, classes",
    [
        (np.array([1, 2]), [{1}, {2}]),
        (np.array([[1], [2]]), [{1}, {2}]),
        (np.eye(3, dtype=np.float32)[[2, 0]], [{2}, {0}]),
        (np.array([[[0, 1]], [[1, 1]]]), [{0, 1}, {1}]),
        ([{"labels": np.array([3, 3])}, {"labels": []}], [{3}, set()]),
        (np.array([0.5, 1.5]), None),
        (np.zeros((2, 3)), None),
        (np.array(["a", "b"]), None),
        ([1, 2], None),
        (None, None),
        (np.array([1, 2, 3]), None),
    ],
)
def test_classes_of_labels(labels: Any, classes: list[set[int]] | None) -> None:
    assert classes_of(labels, 2) == (classes and [frozenset(each) for each in classes])


def test_labels_in_an_order_tell_nothing() -> None:
    images = noise(0, 100)
    in_order = sample(images, np.arange(100) // 25)
    mixed = sample(images, np.arange(100) % 4)
    val = sample(noise(0, 40) + 1, np.arange(40) % 5)
    assert not overlap_notices(in_order, val, 100)
    (notice,) = overlap_notices(mixed, val, 100)
    assert "labels 4, which none of 100 training images has" in notice.text
    assert not overlap_notices(mixed, sample(noise(0, 40) + 1, np.r_[np.zeros(39, int), 9]), 100)
