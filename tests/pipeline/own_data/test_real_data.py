"""What real folders have and tidy ones have not: links, equal names, gaps, turned images."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import nasea
from nasea.cli.init import own_files
from nasea.errors import DataError
from nasea.pipeline.own_data.boxes import item_of
from nasea.pipeline.own_data.mask_numbers import numbers_of
from nasea.pipeline.own_data.project import OwnProject, own_project
from nasea.pipeline.own_data.recognise import recognise
from nasea.pipeline.own_data.records import Faults, Found
from nasea.pipeline.own_data.splitting import split

from . import builders

TEMPLATES = Path(nasea.__file__).parent / "templates"


def _project(root: Path) -> OwnProject:
    return own_project(root, "pytorch", own_files, task=None, gpu=False)


def _parts(found: Found) -> dict[str, int]:
    return {part: len(items) for part, items in found.parts.items()}


def _first_of_ours(names: list[str]) -> int:
    """Which of these images validates first where nasea splits."""
    return min(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())


def test_links_to_folders_are_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    builders.write_classes(tmp_path / "real")
    for part in ("train", "val"):
        (tmp_path / "data" / part).mkdir(parents=True)
        for name in ("cat", "dog"):
            (tmp_path / "data" / part / name).symlink_to(tmp_path / "real" / name)
    (tmp_path / "real" / "cat" / "circle").symlink_to(tmp_path / "real" / "cat")
    assert _parts(recognise(tmp_path / "data")) == {"train": 20, "val": 20}


def test_coco_with_linked_images_key_points_and_a_home_named_after_a_part(tmp_path: Path) -> None:
    root = builders.write_coco(tmp_path / "test-data" / "coco")
    for part in ("train", "val"):
        shutil.move(root / part, tmp_path / f"{part}2017")
        (root / part).symlink_to(tmp_path / f"{part}2017")
        boxes = root / "annotations" / f"instances_{part}.json"
        shutil.copy(boxes, boxes.with_name(f"person_keypoints_{part}.json"))
    found = recognise(root)
    assert _parts(found) == {"train": 10, "val": 4}
    assert "person_keypoints_train.json" in found.notices[-1]


def test_numbers_of_coco_classes_may_have_gaps(tmp_path: Path) -> None:
    root = builders.write_coco(tmp_path)
    path = root / "annotations" / "instances_train.json"
    content = json.loads(path.read_text())
    found = split(recognise(root)).found
    names = {one["id"]: one["name"] for one in content["categories"]}
    wanted = [names[one["category_id"]] for one in content["annotations"]]
    assert [item.boxes[0][0] for item in found.parts["train"]] == wanted
    assert found.classes == ("cell", "dot")


def test_voc_parts_may_use_the_same_names(tmp_path: Path) -> None:
    builders.write_voc(tmp_path / "train", 12, boxes=[("cell", 2, 2, 8, 9)])
    builders.write_voc(tmp_path / "valid", 4, boxes=[("cell", 4, 4, 8, 8)])
    found = recognise(tmp_path)
    assert _parts(found) == {"train": 12, "val": 4}
    for part, folder, left in (("train", "train", 2), ("val", "valid", 4)):
        for item in found.parts[part]:
            assert item.image.startswith(f"{folder}/")
            assert item.boxes[0][1] == left / 16


def test_a_voc_annotation_with_two_images_is_refused(tmp_path: Path) -> None:
    builders.write_voc(tmp_path)
    builders.save(tmp_path / "JPEGImages" / "3.png", builders.pixels(3))
    with pytest.raises(DataError, match=r"more than one image: Annotations/3\.xml \(JPEGImages"):
        recognise(tmp_path)


def test_voc_names_with_spaces_difficult_objects_and_a_home_of_any_name(tmp_path: Path) -> None:
    root = builders.write_voc(tmp_path / "My Segmentation" / "voc", lists=True)
    for path in [*root.glob("*/*.jpg"), *root.glob("*/*.xml")]:
        path.rename(path.with_stem(f"image {path.stem}"))
    for path in (root / "ImageSets" / "Main").iterdir():
        path.write_text("".join(f"image {line}\n" for line in path.read_text().splitlines()))
    hard = root / "Annotations" / "image 0.xml"
    hard.write_text(hard.read_text().replace("<bndbox>", "<difficult>1</difficult><bndbox>"))
    found = recognise(root)
    assert _parts(found) == {"train": 8, "val": 4}
    assert any("marked difficult" in one and "image 0.xml" in one for one in found.notices)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_boxes_on_images_that_exif_turns(tmp_path: Path, orientation: int, ending: str) -> None:
    """An annotation that states the upright size counts in the upright image."""
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[8:24, 40:56] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"1.{ending}"
    Image.fromarray(stored).save(path, exif=exif)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    rows, columns = np.nonzero(upright > 128)
    box = ("lit", *map(float, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
    faults = Faults()
    said = (upright.shape[1], upright.shape[0])
    turns = orientation > 4
    given = box if turns else ("lit", 40.0, 8.0, 56.0, 24.0)
    item = item_of(path, tmp_path, [given], said, faults)
    assert item is not None
    assert item.boxes[0][1:] == pytest.approx((40 / 64, 8 / 48, 56 / 64, 24 / 48), abs=0.03)
    assert (len(faults.notices()) == 1) == (orientation != 1)


def test_a_folder_beside_the_parts_is_no_class(tmp_path: Path) -> None:
    builders.write_classes(tmp_path / "train")
    builders.write_classes(tmp_path / "val", each=3)
    builders.write_classes(tmp_path / "docs", ["figures"], each=2)
    (tmp_path / "train" / "new").mkdir()
    (tmp_path / "train" / "new" / "photo.heic").write_bytes(b"a format that Pillow lacks")
    found = recognise(tmp_path)
    assert (_parts(found), found.classes) == ({"train": 20, "val": 6}, ("cat", "dog"))
    assert any("no part, left out: docs" in one for one in found.notices)
    assert any("left out: train/new" in one for one in found.notices)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, ["bus", "train"])
    assert recognise(tmp_path).classes == ("bus", "train")


def test_our_split_leaves_no_class_to_validation_alone(tmp_path: Path) -> None:
    boxes, masks = tmp_path / "boxes", tmp_path / "masks"
    builders.write_voc(boxes, 20, boxes=[("cell", 2, 2, 8, 9)])
    first = _first_of_ours([f"JPEGImages/{i}.jpg" for i in range(20)])
    both = [("cell", 2, 2, 8, 9), ("rare", 3, 3, 9, 9)]
    builders.write_annotation(boxes / "Annotations" / f"{first}.xml", both)
    found = split(recognise(boxes)).found
    assert found.counts("train")["rare"] == 1
    builders.write_masks(masks, count=20, values=(0, 1))
    first = _first_of_ours([f"images/{i}.jpg" for i in range(20)])
    builders.save(masks / "masks" / f"{first}.png", builders.mask(0, (0, 1, 2)))
    project = _project(masks)
    assert project.plan.classes == ("class 0", "class 1", "class 2")
    listed = project.files["index/train.txt"].decode().splitlines()
    assert f"images/{first}.jpg\tmasks/{first}.png" in listed


def test_test_images_stay_test_images(tmp_path: Path) -> None:
    images = np.stack([builders.pixels(i) for i in range(30)])
    labels = np.arange(30) % 2
    np.savez(
        tmp_path / "a.npz", x=images[:20], y=labels[:20], x_test=images[20:], y_test=labels[20:]
    )
    assert _parts(split(recognise(tmp_path)).found) == {"train": 16, "val": 4, "test": 10}


_GREY = np.zeros((12, 8, 8), np.uint8)
_LABELS = np.arange(12) % 2

ARRAYS: list[tuple[dict[str, object], str]] = [
    ({"images": _GREY + np.uint16(4000), "labels": _LABELS}, "values from 0 to 4000"),
    ({"images": _GREY - 1.5, "labels": _LABELS}, "values from -1.5 to 0"),
    ({"images": np.zeros((12, 8, 8, 5), np.uint8), "labels": _LABELS}, "1, 3 or 4 channels"),
    ({"images": _GREY}, "no labels for the images; the arrays are images"),
]


@pytest.mark.parametrize(("arrays", "message"), ARRAYS)
def test_arrays_that_would_be_read_wrongly(
    tmp_path: Path, arrays: dict[str, object], message: str
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        recognise(tmp_path)


def test_masks_of_large_numbers_in_an_array(tmp_path: Path) -> None:
    masks = np.where(np.arange(8) < 4, 0, 300) + np.zeros((12, 8, 8), np.int64)
    np.savez(tmp_path / "a.npz", images=_GREY, masks=masks)
    _, numbers = numbers_of(split(recognise(tmp_path)).found)
    assert numbers.numbers == (0, 300)


def _only_255(root: Path) -> None:
    builders.write_masks(root, values=(255,))


def _jpeg(root: Path) -> None:
    builders.write_masks(root, values=(0, 1, 2))
    for path in (root / "masks").iterdir():
        with Image.open(path) as image:
            image.save(path.with_suffix(".jpg"))
        path.unlink()


def _two_folders(root: Path) -> None:
    builders.write_masks(root, (("images", "masks"), ("images", "labels")))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (_only_255, "one class only, number 255"),
        (_jpeg, "JPEG files, which do not keep numbers: masks/0.jpg"),
        (_two_folders, "more than one folder: images with labels; images with masks"),
    ],
)
def test_masks_that_would_be_read_wrongly(
    tmp_path: Path, write: Callable[[Path], None], message: str
) -> None:
    write(tmp_path)
    with pytest.raises(DataError, match=message):
        _project(tmp_path)


def test_names_of_mask_classes_behind_their_numbers(tmp_path: Path) -> None:
    builders.write_masks(tmp_path, values=(0, 7, 8))
    (tmp_path / "classes.txt").write_text("0 road\n7 car\n8: 2 wheeler\n")
    _, numbers = numbers_of(split(recognise(tmp_path)).found)
    assert numbers.classes == ("road", "car", "2 wheeler")
    builders.write_masks(tmp_path)
    (tmp_path / "classes.txt").write_text("sky\n2 wheeler\ncar\n")
    _, numbers = numbers_of(split(recognise(tmp_path)).found)
    assert numbers.classes == ("sky", "2 wheeler", "car")


def test_names_of_classes_may_hold_anything(tmp_path: Path) -> None:
    names = ["a\\xray", 'b"""', "c: #d", "é ü"]
    builders.write_classes(tmp_path / "my: data #1", names)
    settings: dict[str, object] = {}
    exec(_project(tmp_path / "my: data #1").files["settings.py"], settings)
    assert settings["CLASSES"] == tuple(sorted(names))
    assert settings["DATA"] == str(tmp_path / "my: data #1")


def test_a_file_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, size=(64, 64))
    path = tmp_path / "cat" / "3.png"
    content = bytearray(path.read_bytes())
    content[500:4000] = bytes(3500)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"1 are damaged: cat/3\.png"):
        _project(tmp_path)


def test_a_class_whose_only_image_cannot_be_read_is_named(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, each=20)
    builders.write_classes(tmp_path, ["rare"], each=1)
    (tmp_path / "rare" / "0.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"left to train rare; these cannot be read: rare/0\.png"):
        _project(tmp_path)


def test_sub_folders_of_classes_are_told(tmp_path: Path) -> None:
    builders.write_classes(tmp_path / "animals", ["cat", "dog"])
    builders.write_classes(tmp_path / "things", ["car"])
    found = recognise(tmp_path)
    assert found.classes == ("animals", "things")
    assert found.notices[-1].endswith("count to the class above: animals, things")


def _schedules() -> list[ast.Call]:
    calls = []
    for path in sorted(TEMPLATES.glob("pytorch_*/*.py-tpl")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("OneCycleLR"):
                calls.append(node)
    return calls


@pytest.mark.parametrize("steps", [1, 9, 10, 11, 20])
def test_projects_train_any_number_of_steps(steps: int) -> None:
    """PyTorch divides by zero where a tenth of the steps is one."""
    import torch

    calls = _schedules()
    assert len(calls) == 5
    for call in calls:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        this = types.SimpleNamespace(epoch=steps)
        names = {"torch": torch, "optimizer": optimizer, "self": this, "steps_per_epoch": 1}
        schedule = eval(ast.unparse(call), names)
        for _ in range(steps):
            optimizer.step()
            schedule.step()


READERS: list[tuple[Callable[[Path], object], str, str, str]] = [
    (builders.write_classes, "from labelled import Labelled as find", "cow", "one of CLASSES"),
    (builders.write_classes, "from labelled import Labelled as find", "", "a line is an image"),
    (
        builders.write_voc,
        "import sources; find = lambda path: sources.find(path, True)",
        "cow 0 0 1 1",
        "one of CLASSES",
    ),
    (builders.write_masks, "from sources import find", "", "an image, a tab and its mask"),
]


@pytest.mark.parametrize(("write", "reader", "what", "message"), READERS)
def test_lists_that_were_edited_wrongly(
    tmp_path: Path, write: Callable[[Path], object], reader: str, what: str, message: str
) -> None:
    """A project's own reader says what a line must be, and which is not so."""
    write(tmp_path / "data")
    for name, content in _project(tmp_path / "data").files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with (tmp_path / "project" / "index" / "train.txt").open("a") as stream:
        stream.write(f"1.jpg\t{what}\n" if what else "1.jpg\n")
    done = subprocess.run(
        [sys.executable, "-c", f"{reader}\nfind('index/train.txt')"],
        cwd=tmp_path / "project",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: index/train.txt: ")
    assert message in last and "1.jpg" in last
