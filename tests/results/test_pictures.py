"""Predictions beside the truth: read back from the PNG file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from nasea.backends.scoring.prediction_images import (
    Boxes,
    PredictionImage,
    disagreement,
    most_different,
    of_masks,
)
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
    assert ground[2] > ground[0] + 50, "class 0 is blue"
    assert cell[0] > cell[2] + 50, "class 1 is orange"
    assert len(set(grey.tolist())) == 1 and grey[0] > 50
    found = sheet[TOP + 100, 322 + 5 * 30]
    assert found.tolist() == ground.tolist(), "the right half is what was found"


def test_a_legend_names_the_classes_that_occur() -> None:
    mask = np.zeros((40, 64), int)
    unknown = drawn(PredictionImage(BLACK, mask, mask))
    one = drawn(PredictionImage(BLACK, mask, mask, CLASSES))
    assert len(one) > len(unknown), "class 0, too"
    legend = one[len(unknown) :]
    mask[0] = 1
    two = drawn(PredictionImage(BLACK, mask, mask, CLASSES))[len(unknown) :]
    assert 0 < (legend != 255).sum() < (two != 255).sum()


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


def test_the_images_are_those_on_which_networks_differ() -> None:
    plane = np.zeros((4, 4), int)
    ones = [plane.copy() for _ in range(4)]
    ones[1][:1], ones[3][:2] = 1, 1
    first = [PredictionImage(BLACK, plane, plane) for _ in range(4)]
    second = [PredictionImage(BLACK, plane, one) for one in ones]
    assert most_different(first, second, 3) == [3, 1, 0]
    assert most_different(first, first, 2) == [0, 1]
    assert most_different((), (), 6) == []


def test_boxes_differ_by_class_and_place() -> None:
    three = boxes(3)
    assert disagreement(three, three) == 0
    assert disagreement(three, boxes(2)) == pytest.approx(1 / 3)
    assert disagreement(boxes(0), boxes(0)) == 0
    other = Boxes(three.boxes, three.labels + 1, three.scores)
    assert disagreement(three, other) == 1
    moved = Boxes(three.boxes + [0, 8, 0, 8], three.labels, three.scores)
    assert disagreement(three, moved) == 1
    unsure = Boxes(three.boxes, three.labels, np.array([0.9, 0.9, 0.1]))
    assert disagreement(three, unsure) == pytest.approx(1 / 3)
