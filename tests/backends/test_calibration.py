from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.backends.export.calibration import calibrating_images, in_chunks
from nasea.backends.export.exporter import Array
from nasea.errors import DataError

IMAGES = np.random.default_rng(0).normal(size=(12, 1, 2, 3))


def read(count: int) -> Array:
    return IMAGES[:count]


def test_images_come_as_float32_and_as_many_as_there_are() -> None:
    assert calibrating_images(read, 5, "--images").dtype == np.float32
    assert len(calibrating_images(read, 5, "--images")) == 5
    assert len(calibrating_images(read, 99, "")) == 12  # nobody asked for so many


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(DataError, match="^--images 13: the training data set has only 12 images"):
        calibrating_images(read, 13, "--images")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_without_a_range_are_refused(value: float) -> None:
    broken = IMAGES.copy()
    broken[3, 0, 1, 1] = broken[7] = value
    with pytest.raises(DataError, match="^2 of the 12 training images") as caught:
        calibrating_images(lambda count: broken, 12, "")
    assert caught.value.fix


@given(st.integers(1, 12), st.integers(1, 15))
def test_chunks_hold_every_image_and_nothing_else(images: int, size: int) -> None:
    chunks = list(in_chunks(IMAGES[:images], size))
    assert {len(chunk) for chunk in chunks} == {size}
    together = np.concatenate(chunks)
    np.testing.assert_array_equal(together[:images], IMAGES[:images])
    assert (together[images:] == IMAGES[images - 1]).all()
