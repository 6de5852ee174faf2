"""Anchors, matching, suppression and mAP."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Load

SIZE = (48, 64)
LEVELS = ((8, (12, 16), (0.5, 1.0)), (16, (24,), (1.0,)))


def some_boxes(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 30, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(5, 18, (count, 2))], 1).astype(np.float32)


def test_anchors_stand_in_the_middle_of_their_cells(load: Load) -> None:
    anchors = load("detection", "boxes").make_anchors(SIZE, LEVELS)
    assert anchors.shape == (6 * 8 * 4 + 3 * 4, 4)
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2
    assert np.allclose(middle[:4], 4) and np.allclose(middle[4], [12, 4])
    assert np.allclose(middle[-1], [56, 40])
    extents = anchors[:, 2:] - anchors[:, :2]
    assert np.allclose(extents[:4], [[6, 12], [12, 12], [8, 16], [16, 16]])


def test_overlap_by_counting_pixels(load: Load) -> None:
    first, second = some_boxes(0, 4).round(), some_boxes(1, 5).round()

    def drawn(box: np.ndarray) -> np.ndarray:
        plane = np.zeros((60, 60), bool)
        left, top, right, bottom = box.astype(int)
        plane[top:bottom, left:right] = True
        return plane

    expected = [
        [(drawn(a) & drawn(b)).sum() / (drawn(a) | drawn(b)).sum() for b in second] for a in first
    ]
    assert np.allclose(load("detection", "boxes").overlap(first, second), expected, atol=1e-6)


def test_decoding_what_was_matched_gives_the_objects(load: Load) -> None:
    module = load("detection", "boxes")
    anchors, boxes, labels = module.make_anchors(SIZE, LEVELS), some_boxes(2, 6), np.arange(6)
    classes, offsets = module.match(boxes, labels, anchors)
    assert set(classes) == set(range(7)), "every object has an anchor, and ground has"
    decoded = module.decode(offsets, anchors)[classes > 0]
    assert np.allclose(decoded, boxes[classes[classes > 0] - 1], atol=1e-3)


def test_an_image_without_objects_is_ground(load: Load) -> None:
    module = load("detection", "boxes")
    anchors = module.make_anchors(SIZE, LEVELS)
    nothing = np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
    classes, offsets = module.match(*nothing, anchors)
    assert not classes.any() and not offsets.any()
    assert classes.shape == (len(anchors),) and offsets.shape == anchors.shape


def test_of_several_boxes_on_an_object_the_most_certain_stays(load: Load) -> None:
    module = load("detection", "boxes")
    anchors = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [30, 30, 80, 40]], float)
    scores = np.array([[0.1, 0.8, 0.1], [0, 0.9, 0.0], [0.3, 0, 0.7], [0.96, 0.02, 0.02]])
    boxes, labels, certain = module.detect(scores, np.zeros((4, 4)), anchors, SIZE)
    assert np.allclose(boxes, [[1, 0, 11, 10]] * 2), "one of each class"
    assert labels.tolist() == [0, 1] and np.allclose(certain, [0.9, 0.7])
    boxes, labels, _ = module.detect(scores[[3]], np.zeros((1, 4)), anchors[[3]], SIZE, least=0.01)
    assert np.allclose(boxes, [[30, 30, 64, 40]] * 2), "cut to the image"


@pytest.mark.parametrize(("seen", "expected"), [(4, 1.0), (2, 0.5), (0, 0.0)])
def test_the_precision_of_what_was_found(load: Load, seen: int, expected: float) -> None:
    coco = load("detection", "coco")
    truth = [(some_boxes(seed, 1), np.array([0])) for seed in range(4)]
    found: list[dict[str, object]] = []
    for number, (boxes, labels) in enumerate(truth[:seen]):
        found += coco.results(number, boxes, labels, [0.9])
    annotations = coco.annotations(truth, range(4), SIZE, ["digit", "never"])
    assert coco.mean_average_precision(annotations, found) == pytest.approx(expected, abs=0.01)
