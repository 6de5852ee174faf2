"""Annotated boxes of others: read alike from either format, and every fault told by its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .box_writers import write_coco, write_voc
from .conftest import Load

SIZE = (64, 64)


@pytest.fixture
def scenes(load: Load) -> list[Any]:
    composed: list[Any] = load("detection", "scenes").compose("train", 4, SIZE)
    return composed


@pytest.fixture
def names(load: Load) -> tuple[str, ...]:
    names: tuple[str, ...] = load("detection", "settings").CLASSES
    return names


@pytest.fixture
def voc(tmp_path: Path, scenes: list[Any], names: tuple[str, ...]) -> Path:
    write_voc(tmp_path / "voc", scenes, names)
    return tmp_path / "voc"


@pytest.fixture
def coco(tmp_path: Path, scenes: list[Any], names: tuple[str, ...]) -> Path:
    return write_coco(tmp_path / "coco", scenes, names)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def corners(scene: Any) -> np.ndarray:
    boxes = scene.boxes.copy()
    boxes[:, 2:] += boxes[:, :2]
    return np.asarray(boxes)


def test_both_formats_give_the_scenes(load: Load, voc: Path, coco: Path, scenes: list[Any]) -> None:
    read = load("detection", "objects").read_objects
    sources = (voc, voc / "ImageSets" / "Main" / "train.txt", coco)
    for found in (read(str(source), True) for source in sources):
        assert len(found) == len(scenes)
        for scene, (image, boxes, labels) in zip(scenes, found, strict=True):
            assert np.array_equal(image, scene.image)
            assert np.allclose(boxes, corners(scene), atol=1e-4)
            assert np.array_equal(labels, scene.labels)


def test_images_are_scaled_with_their_boxes(load: Load, voc: Path, scenes: list[Any]) -> None:
    objects = load("detection", "objects")
    load("detection", "sources").SIZE = (32, 128)
    image, boxes, _ = objects.read_objects(str(voc), True)[0]
    assert image.shape == (32, 128, 3)
    assert np.allclose(boxes, corners(scenes[0]) * [2, 0.5, 2, 0.5], atol=1e-4)


def test_what_can_be_mended_is_told_once(
    load: Load, voc: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = load("detection", "objects")
    empty = voc / "Annotations" / "0.xml"
    text = empty.read_text()
    empty.write_text(text[: text.index("<object>")] + "</annotation>")
    for number, box in ((1, (5, 5, 5, 9)), (2, (70, 5, 90, 9)), (3, (-4, 50, 20, 70))):
        path = voc / "Annotations" / f"{number}.xml"
        corner = "<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>".format(*box)
        more = f"<object><name>six</name><bndbox>{corner}</bndbox></object>"
        edit(path, "<object>", f"{more}<object>")
    found = objects.read_objects(str(voc), True)
    objects.read_objects(str(voc), True)
    message = capsys.readouterr().err.splitlines()
    assert len(message) == 3
    assert (
        f"{voc}: boxes without an area left out: 1, the first in {voc}/Annotations/1.xml" in message
    )
    assert any("outside their image left out" in line and "2.xml" in line for line in message)
    assert any("cut to their image" in line and "3.xml" in line for line in message)
    assert len(found.labels[0]) == 0, "an image without objects is one"
    assert np.allclose(found.boxes[3][0], [0, 50, 20, 64])


def _without_image(voc: Path) -> str:
    (voc / "JPEGImages" / "1.png").unlink()
    return "JPEGImages/1.*: train.txt names it, it is missing"


def _truncated(voc: Path) -> str:
    path = voc / "JPEGImages" / "1.png"
    path.write_bytes(path.read_bytes()[:400])
    return f"{path}: "


def _no_image(voc: Path) -> str:
    (voc / "JPEGImages" / "1.png").write_text("hello")
    return "1.png: not an image"


def _unknown_class(voc: Path) -> str:
    edit(voc / "Annotations" / "1.xml", "<name>", "<name>twenty-")
    return "1.xml: 'twenty-"


def _other_size(voc: Path) -> str:
    edit(voc / "Annotations" / "1.xml", "<width>64", "<width>640")
    return "1.xml: says 640x64 of 1.png, which is 64x64"


def _broken_xml(voc: Path) -> str:
    edit(voc / "Annotations" / "1.xml", "</annotation>", "")
    return "1.xml: not a VOC annotation"


def _without_annotation(voc: Path) -> str:
    (voc / "Annotations" / "1.xml").unlink()
    return "1.xml: not a VOC annotation"


FAULTS = (
    _without_image, _truncated, _no_image, _unknown_class, _other_size, _broken_xml,
    _without_annotation,
)  # fmt: skip


def test_all_faults_are_told_with_their_files(
    load: Load, tmp_path: Path, scenes: list[Any], names: tuple[str, ...]
) -> None:
    read = load("detection", "objects").read_objects
    for fault in FAULTS:
        voc = tmp_path / fault.__name__
        write_voc(voc, scenes, names)
        (voc / "Annotations" / "3.xml").unlink()
        expected = fault(voc)
        with pytest.raises(ValueError, match="cannot be used as it is") as caught:
            read(str(voc), True)
        assert expected in str(caught.value)
        assert "3.xml" in str(caught.value), "all at once"


def test_coco_without_its_images(load: Load, coco: Path) -> None:
    (coco.parent / "images" / "2.png").unlink()
    with pytest.raises(ValueError, match=r"2\.png: instances_train\.json names it, it is missing"):
        load("detection", "objects").read_objects(str(coco), True)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("category_id", 7, "'category_id 7' is not one of CLASSES"),
        ("image_id", 99, "an object of image 99, which is not there"),
        ("bbox", [1, 2], "not a COCO annotation file"),
    ],
)
def test_a_faulty_coco_annotation(
    load: Load, coco: Path, key: str, value: object, message: str
) -> None:
    content = json.loads(coco.read_text())
    content["annotations"][3][key] = value
    coco.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        load("detection", "objects").read_objects(str(coco), True)


def test_a_path_that_is_nothing(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such data; train_dir and val_dir may be"):
        load("detection", "objects").read_objects(str(tmp_path / "missing"), True)
