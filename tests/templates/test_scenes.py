"""Scenes of digits: what is in them is where they say, and nobody has seen the held-out ones."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import Load

SIZE = (64, 72)


def test_they_are_always_the_same(load: Load) -> None:
    scenes = load("detection", "scenes")
    first, second = (scenes.compose("val", 3, SIZE) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        for field in ("image", "boxes", "labels", "mask"):
            assert np.array_equal(getattr(one, field), getattr(other, field))
    more = scenes.compose("val", 4, SIZE)
    assert np.array_equal(more[2].image, first[2].image)


def test_boxes_labels_and_masks_agree(load: Load) -> None:
    scenes = load("detection", "scenes")
    counts = set()
    for scene in scenes.compose("train", 30, SIZE):
        assert scene.image.shape == (*SIZE, 3) and scene.image.dtype == np.uint8
        digits = set(np.unique(scene.mask)) - {scenes.GROUND, scenes.IGNORED}
        assert digits == {label + 1 for label in scene.labels}
        outside = scene.mask.copy()
        for (left, top, width, height), label in zip(scene.boxes, scene.labels, strict=True):
            assert left >= 0 and top >= 0 and left + width <= SIZE[1] and top + height <= SIZE[0]
            rows, columns = slice(int(top), int(top + height)), slice(int(left), int(left + width))
            assert (scene.mask[rows, columns] == label + 1).any()
            outside[rows, columns] = scenes.GROUND
        assert set(np.unique(outside)) <= {scenes.GROUND, scenes.IGNORED}
        counts.add(len(scene.labels))
    assert counts == {1, 2, 3, 4, 5}


def test_held_out_digits_are_nowhere_else(load: Load) -> None:
    parts = list(load("detection", "scenes").SOURCES.values())
    taken = [set(range(1797)[part]) for part in parts]
    assert sum(map(len, taken)) == len(set.union(*taken)) == 1797


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_pre_training_sees_the_same_images(load: Load, task: str) -> None:
    patches = load(task, "patches", SCENES="{'train': 6, 'val': 3, 'test': 3}")
    images, labels = patches.read_patches("scenes/train", True)
    assert images.shape == (len(labels), 32, 32, 3) and images.dtype == np.uint8
    assert len(labels) >= 6
    settings = load(task, "settings")
    assert set(labels) <= set(range(len(settings.CLASSES)))
