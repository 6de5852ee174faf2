"""Each layout is recognised, and its images and labels are found again by the project's reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasea.errors import DataError
from nasea.pipeline.own_data.listed import read_image, read_mask
from nasea.pipeline.own_data.recognise import recognise
from nasea.pipeline.own_data.records import Found, part_of
from nasea.pipeline.own_data.splitting import split

from . import builders


def _parts(found: Found) -> dict[str, int]:
    return {part: len(items) for part, items in found.parts.items()}


def _write_split_classes(root: Path) -> None:
    builders.write_classes(root / "train")
    builders.write_classes(root / "valid", each=3)


def _write_wrapped_classes(root: Path) -> None:
    builders.write_classes(root / "flowers" / "photos")
    (root / "flowers" / "LICENSE.txt").write_text("free")


def _write_records(root: Path) -> None:
    builders.write_records(root / "train-00000-of-00001", [1, 2] * 6)
    builders.write_records(root / "val-00000-of-00001", [1, 2] * 2)


def _write_arrays(root: Path) -> None:
    images = np.stack([builders.pixels(i) for i in range(12)])
    labels = (np.arange(12) % 2).astype(np.int16)
    np.savez(root / "all.npz", x_train=images, y_train=labels, classes=["cat", "dog"])


def _write_mask_arrays(root: Path) -> None:
    images = np.stack([builders.pixels(i) for i in range(12)])
    masks = np.stack([builders.mask(i) for i in range(12)])
    np.savez(root / "a.npz", train_images=images, train_masks=masks, val_images=images[:2],
             val_masks=masks[:2])  # fmt: skip


LAYOUTS: list[tuple[str, Callable[[Path], object], str, dict[str, int]]] = [
    ("classes", builders.write_classes, "classification", {"all": 20}),
    ("split classes", _write_split_classes, "classification", {"train": 20, "val": 6}),
    ("an archive", _write_wrapped_classes, "classification", {"all": 20}),
    ("records", _write_records, "classification", {"train": 12, "val": 4}),
    ("arrays", _write_arrays, "classification", {"train": 12}),
    ("voc", builders.write_voc, "detection", {"all": 12}),
    (
        "voc with lists", lambda root: builders.write_voc(root, lists=True), "detection",
        {"train": 8, "val": 4},
    ),
    ("coco", builders.write_coco, "detection", {"train": 10, "val": 4}),
    ("masks", builders.write_masks, "segmentation", {"all": 12}),
    (
        "camvid",
        lambda root: builders.write_masks(root, (("train", "trainannot"), ("val", "valannot"))),
        "segmentation", {"train": 12, "val": 12},
    ),
    (
        "masks by part",
        lambda root: builders.write_masks(root, (("images/train", "masks/train"),), ending="_L"),
        "segmentation", {"train": 12},
    ),
    ("mask arrays", _write_mask_arrays, "segmentation", {"train": 12, "val": 2}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "task", "parts"), [case[1:] for case in LAYOUTS], ids=[case[0] for case in LAYOUTS]
)
def test_a_layout_is_recognised(
    tmp_path: Path, write: Callable[[Path], object], task: str, parts: dict[str, int]
) -> None:
    write(tmp_path)
    found = recognise(tmp_path)
    assert (found.task, _parts(found)) == (task, parts)
    divided = split(found).found
    assert set(divided.parts) == {"train", "val"}
    assert sum(_parts(divided).values()) == sum(parts.values())
    for items in divided.parts.values():
        for item in items:
            assert read_image(divided.root, item.image, (12, 16)).shape == (12, 16, 3)
            if task == "segmentation":
                assert set(np.unique(read_mask(divided.root, item.mask))) == {0, 1, 2}
            if task == "classification":
                assert item.label in divided.classes


def test_images_keep_their_labels_in_every_layout(tmp_path: Path) -> None:
    """Image ``i`` was drawn from ``i``; a record, an array row and a file must give it back."""
    _write_records(tmp_path)
    for number, item in enumerate(recognise(tmp_path).parts["train"]):
        assert (read_image(tmp_path, item.image, (12, 16)) == builders.pixels(number)).all()
        assert item.label == f"name {1 + number % 2}"
    _write_arrays(tmp_path / "..")
    found = recognise((tmp_path / ".." / "all.npz").resolve())
    for number, item in enumerate(found.parts["train"]):
        assert (read_image(found.root, item.image, (12, 16)) == builders.pixels(number)).all()
        assert item.label == ("cat", "dog")[number % 2]


def test_boxes_are_fractions_and_sound(tmp_path: Path) -> None:
    builders.write_voc(tmp_path)
    builders.write_annotation(
        tmp_path / "Annotations" / "0.xml",
        [("cell", -4, 3, 8, 9), ("cell", 5, 5, 5, 9), ("dot", 20, 3, 30, 9)],
    )
    found = recognise(tmp_path)
    first = next(item for item in found.parts["all"] if item.image == "JPEGImages/0.jpg")
    assert first.boxes == (("cell", 0.0, 0.25, 0.5, 0.75),)
    assert found.notices == (
        "boxes that leave their image, cut to it: JPEGImages/0.jpg",
        "boxes without an area, left out: JPEGImages/0.jpg",
        "boxes outside their image, left out: JPEGImages/0.jpg",
    )


def test_categories_without_boxes_are_no_classes(tmp_path: Path) -> None:
    builders.write_coco(tmp_path)
    assert split(recognise(tmp_path)).found.classes == ("cell", "dot")


def test_the_split_is_by_class_and_does_not_change_when_images_come(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, each=20)
    first = split(recognise(tmp_path)).found
    assert first.counts("val") == {"cat": 4, "dog": 4}
    builders.save(tmp_path / "dog" / "new.png", builders.pixels(999))
    later = {item.image for item in split(recognise(tmp_path)).found.parts["val"]}
    assert len({item.image for item in first.parts["val"]} - later) <= 1


def test_a_task_chooses_among_what_the_folder_holds(tmp_path: Path) -> None:
    builders.write_voc(tmp_path)
    for number in range(12):
        builders.save(tmp_path / "SegmentationClass" / f"{number}.png", builders.mask(number))
    found = recognise(tmp_path)
    assert found.task == "detection"
    assert "--task segmentation" in found.notices[-1]
    assert recognise(tmp_path, "segmentation").task == "segmentation"


@pytest.mark.parametrize(
    ("name", "part"),
    [("train2017", "train"), ("valid", "val"), ("val-00000", "val"), ("Test", "test"),
     ("validation", "val"), ("trainer", None), ("value", None), ("cat", None)],
)  # fmt: skip
def test_parts_are_known_by_their_names(name: str, part: str | None) -> None:
    assert part_of(name) == part


def _one_class(root: Path) -> None:
    builders.write_classes(root, ["cat"], each=12)


def _stray_class(root: Path) -> None:
    builders.write_classes(root / "train")
    builders.write_classes(root / "val", ["cat", "wolf"], each=2)


def _flat(root: Path) -> None:
    for number in range(12):
        builders.save(root / f"{number}.png", builders.pixels(number))


def _yolo(root: Path) -> None:
    _flat(root / "images")
    (root / "labels").mkdir()
    (root / "labels" / "0.txt").write_text("0 0.5 0.5 0.1 0.1")


def _two_ways(root: Path) -> None:
    builders.write_voc(root)
    builders.write_coco(root)


def _other_size(root: Path) -> None:
    builders.write_voc(root)
    builders.write_annotation(root / "Annotations" / "3.xml", [("cell", 1, 1, 5, 5)], (600, 800))


def _missing_image(root: Path) -> None:
    builders.write_coco(root)
    (root / "train" / "0.png").unlink()


def _flat_validation(root: Path) -> None:
    builders.write_classes(root / "train")
    _flat(root / "val")


def _few(root: Path) -> None:
    builders.write_classes(root, each=2)


def _unequal_arrays(root: Path) -> None:
    np.savez(root / "a.npz", images=np.zeros((12, 8, 8, 3), np.uint8), labels=np.zeros(11, int))


def _objects(root: Path) -> None:
    np.savez(root / "a.npz", images=np.zeros((12, 8, 8), np.uint8), labels=np.array([{}] * 12))


def _cut_off_records(root: Path) -> None:
    builders.write_records(root / "data.tfrecord", [0, 1] * 6)
    path = root / "data.tfrecord"
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda root: None, ["it is empty", "Known are", "CLASS/*.jpg"]),
        (_one_class, ["has one class, 'cat'"]),
        (_stray_class, ["val has classes that train lacks: wolf"]),
        (_flat, ["12 images, but neither folders of classes nor annotations"]),
        (_yolo, ["labels/0.txt looks like YOLO"]),
        (_two_ways, ["more than one way", "Pascal VOC", "COCO"]),
        (_other_size, ["another size than their annotation", "800x600, is 16x12"]),
        (_missing_image, ["images that are named but missing: 0.png"]),
        (_flat_validation, ["val holds images, but no folders of classes"]),
        (_few, ["holds 4 usable images"]),
        (_unequal_arrays, ["images are 12 images, labels are 11"]),
        (_objects, ["a.npz"]),
        (_cut_off_records, ["data.tfrecord: cut off at byte"]),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_what_cannot_be_used_is_told(
    tmp_path: Path, write: Callable[[Path], object], words: list[str]
) -> None:
    write(tmp_path)
    with pytest.raises(DataError) as caught:
        split(recognise(tmp_path))
    assert caught.value.fix
    for word in words:
        assert word in caught.value.message
