"""Predictions beside the truth: read back from the PNG file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from nasea.backends.scoring.prediction_images import Boxes, PredictionImage, of_masks
from nasea.results.figures.prediction_images import contact_sheet

BLACK = np.zeros((40, 64, 3), np.uint8)
CLASSES = ("ground", "cell", "dust")
TOP = 18
"""Height of the captions above an image."""


def drawn(*pictures: PredictionImage) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(contact_sheet(pictures))))


def boxes(count: int) -> Boxes:
    corners = np.array([[4 * i, 10, 4 * i + 3, 20] for i in range(count)], float)
    return Boxes(corners, np.ones(count, int), np.full(count, 0.9))


@pytest.mark.parametrize("ignored", [3, 255, -1])
def test_masks_are_tinted_and_what_does_not_count_is_grey(ignored: int) -> None:
    mask = np.zeros((40, 64), int)
    mask[:, 20:40], mask[:, 40:] = 1, ignored
    sheet = drawn(PredictionImage(BLACK, mask, np.zeros_like(mask), CLASSES))
    ground, cell, grey = (sheet[TOP + 100, 5 * column] for column in (10, 30, 50))
    assert ground.tolist() == [0, 0, 0]
    assert cell[2] > cell[0] + 50, "blue"
    assert len(set(grey.tolist())) == 1 and grey[0] > 50
    found = sheet[TOP + 100, 322 + 5 * 30]
    assert found.tolist() == [0, 0, 0], "the right half is what was found"


def test_a_legend_names_the_classes_that_occur() -> None:
    mask = np.zeros((40, 64), int)
    nothing = drawn(PredictionImage(BLACK, mask, mask, CLASSES))
    mask[0] = 1
    one = drawn(PredictionImage(BLACK, mask, mask, CLASSES))
    assert len(one) > len(nothing)
    assert (one[len(nothing) :] != 255).any()


def test_a_crowd_of_boxes_is_drawn_without_labels() -> None:
    few, many = (
        drawn(PredictionImage(BLACK, Boxes(np.zeros((0, 4)), np.zeros(0, int)), boxes(n), CLASSES))
        for n in (8, 9)
    )
    above = slice(TOP + 5 * 10 - 13, TOP + 5 * 10 - 2)  # where labels of these boxes stand
    assert few[above, 322:642].any()
    assert not many[above, 322:642].any()
    assert many[TOP + 5 * 10 : TOP + 5 * 20, 322:642].any()


def test_classes_without_names_are_numbered() -> None:
    scores = np.zeros((4, 6, 3))
    plane = np.zeros((4, 6), int)
    assert of_masks([BLACK], [plane], [scores], None)[0].classes == (
        "class 0",
        "class 1",
        "class 2",
    )
    assert of_masks([BLACK], [plane], [scores], CLASSES)[0].classes == CLASSES
