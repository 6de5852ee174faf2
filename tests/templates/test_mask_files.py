"""Masks of others: read alike from either format, and every fault told by its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import jaccard_score

from .conftest import Load

SIZE = (64, 64)


@pytest.fixture
def scenes(load: Load) -> list[Any]:
    composed: list[Any] = load("segmentation", "scenes").compose("train", 4, SIZE)
    return composed


@pytest.fixture
def folder(tmp_path: Path, scenes: list[Any]) -> Path:
    for kind in ("images", "masks"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    for number, scene in enumerate(scenes):
        Image.fromarray(scene.image).save(tmp_path / "data" / "images" / f"{number}.png")
        Image.fromarray(scene.mask).save(tmp_path / "data" / "masks" / f"{number}.png")
    return tmp_path / "data"


@pytest.fixture
def arrays(tmp_path: Path, scenes: list[Any]) -> Callable[..., str]:
    def write(**changed: np.ndarray) -> str:
        content = {
            "train_images": np.stack([scene.image for scene in scenes]),
            "train_masks": np.stack([scene.mask for scene in scenes]),
        }
        np.savez(tmp_path / "data.npz", **(content | changed))
        return str(tmp_path / "data.npz" / "train")

    return write


def test_both_formats_give_the_scenes(
    load: Load, folder: Path, arrays: Callable[..., str], scenes: list[Any]
) -> None:
    read = load("segmentation", "masks").read_masks
    for found in (read(str(folder)), read(arrays())):
        assert len(found.images) == len(scenes)
        for scene, image, mask in zip(scenes, found.images, found.masks, strict=True):
            assert np.array_equal(image, scene.image)
            assert np.array_equal(mask, scene.mask)


def test_numbers_that_mean_nothing_do_not_count(load: Load, folder: Path) -> None:
    masks = load("segmentation", "masks")
    load("segmentation", "sources").VOID = (0, 255)
    found = masks.read_masks(str(folder))
    for mask in found.masks:
        assert 0 not in mask and masks.IGNORED in mask


def _without_mask(folder: Path) -> str:
    (folder / "masks" / "1.png").unlink()
    return "images/1.png: has no mask"


def _unknown_label(folder: Path) -> str:
    mask = np.asarray(Image.open(folder / "masks" / "1.png")).copy()
    mask[3, 3:5] = 37, 44
    Image.fromarray(mask).save(folder / "masks" / "1.png")
    return "masks/1.png: holds 37, 44, but CLASSES are 0 to 10 and VOID is (255,)"


def _coloured_mask(folder: Path) -> str:
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(folder / "masks" / "1.png")
    return "masks/1.png: a mask must hold class numbers, one byte a pixel, found mode RGB"


def _truncated(folder: Path) -> str:
    path = folder / "images" / "1.png"
    path.write_bytes(path.read_bytes()[:400])
    return f"{path}: "


@pytest.mark.parametrize("fault", [_without_mask, _unknown_label, _coloured_mask, _truncated])
def test_faults_are_told_with_their_files(
    load: Load, folder: Path, fault: Callable[[Path], str]
) -> None:
    expected = fault(folder)
    with pytest.raises(ValueError, match="cannot be used as it is") as caught:
        load("segmentation", "masks").read_masks(str(folder))
    assert expected in str(caught.value)


def test_a_mask_without_an_image_is_left_out(
    load: Load, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "images" / "1.png").unlink()
    assert len(load("segmentation", "masks").read_masks(str(folder)).masks) == 3
    assert "masks without an image left out: 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_images": np.zeros((4, 60, 64, 3), np.uint8)}, "train_images must be uint8"),
        ({"train_masks": np.zeros((3, 64, 64), np.uint8)}, "train_masks is"),
        ({"train_masks": np.full((4, 64, 64), 11, np.uint8)}, "mask 0: holds 11, but CLASSES"),
    ],
)
def test_faulty_arrays(
    load: Load, arrays: Callable[..., str], changed: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load("segmentation", "masks").read_masks(arrays(**changed))


def test_a_part_that_is_not_there(load: Load, arrays: Callable[..., str]) -> None:
    with pytest.raises(ValueError, match="test_images is not a file in the archive"):
        load("segmentation", "masks").read_masks(arrays().replace("train", "test"))


def test_rare_classes_weigh_more(load: Load) -> None:
    masks = load("segmentation", "masks")
    planes = np.zeros((2, 10, 10), np.uint8)
    planes[0, :2], planes[0, 2:4], planes[1, :, :5] = 1, masks.IGNORED, 2
    # Class 0 has 110 of the 200 - 20 pixels that count, class 1 20 of the 80 of its only image, 2
    # half of its own.
    frequencies = np.array([110 / 180, 20 / 80, 50 / 100])
    weights = masks.Masks(planes, planes).class_weights
    assert weights[:3] == pytest.approx(np.sqrt(0.5 / frequencies))
    assert np.all(weights[3:] == 1)


def test_intersection_over_union_as_scikit_learn_has_it(load: Load) -> None:
    miou = load("segmentation", "miou")
    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 4, (2, 3, 9, 9))
    truth[0, :2] = 255
    pairs = sum(miou.count_pairs(t, f, 6, 255) for t, f in zip(truth, found, strict=True))
    kept = truth != 255
    expected = jaccard_score(truth[kept], found[kept], average="macro")
    assert miou.mean_intersection_over_union(pairs) == pytest.approx(expected)
