"""Recognises the layout of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nasea.backends.data.tfrecords import is_record_file
from nasea.errors import DataError
from nasea.pipeline.own_data.files import files, folders, images, images_below
from nasea.pipeline.own_data.layouts import arrays, class_folders, coco, masks, tfrecords, voc
from nasea.pipeline.own_data.records import Found
from nasea.terms import Task

LAYOUTS = """\
CLASS/*.jpg, also below train/, val/ and test/           classification
FILE.npz with train_images and train_labels or masks     classification, segmentation
TFRecord files with image/encoded, image/class/label     classification
Annotations/*.xml and JPEGImages/*.jpg (Pascal VOC)      detection
instances_train.json (COCO) and the images               detection
images/*.jpg and masks/*.png; train/ and trainannot/     segmentation"""

_FINDERS: dict[str, tuple[Task, Callable[[Path], Found | None]]] = {
    "voc": ("detection", voc.find),
    "coco": ("detection", coco.find),
    "masks": ("segmentation", masks.find),
    "records": ("classification", tfrecords.find),
}


def recognise(folder: Path, task: Task | None = None) -> Found:
    """Return the data set in a folder or an .npz file.

    Args:
        folder: the user's data; it is not changed.
        task: task of the data; ``None`` for any.

    Raises:
        DataError: the data is missing or empty, or its layout is unknown or ambiguous.
    """
    try:
        str(folder.resolve()).encode()
    except UnicodeEncodeError:
        raise DataError(
            f"--data {os.fsencode(folder)!r:.200}: the path holds bytes that are not UTF-8, which "
            "cannot stand in settings.py",
            fix="rename the folder",
        ) from None
    if folder.is_file() and folder.suffix == ".npz":
        found = arrays.find(folder.parent, folder)
        return _wanted([found] if found else [], folder, task)
    if not folder.is_dir():
        what = "is a file" if folder.is_file() else "does not exist"
        raise DataError(
            f"--data {folder} {what}", fix="give the folder that holds the images, or an .npz file"
        )
    try:
        return _recognised(_unwrapped(folder), task)
    except PermissionError as error:
        raise DataError(
            f"{error.filename} cannot be read: {error.strerror}", fix="make it readable"
        ) from None


def _recognised(root: Path, task: Task | None) -> Found:
    candidates = [
        result
        for of, finder in _FINDERS.values()
        if task in (None, of) and (result := finder(root)) is not None
    ]
    boxes = [one for one in candidates if one.task == "detection"]
    if task is None and len(boxes) == 1 and (root / "SegmentationClass").is_dir():
        candidates = boxes  # Pascal VOC has both; a notice says so
    if task != "detection" and (found := arrays.find(root)) is not None:
        candidates.append(found)
    if not candidates and task in (None, "classification") and not _yolo_label(root):
        found = class_folders.find(root)
        candidates = [] if found is None else [found]
    return _wanted(candidates, root, task)


def _wanted(candidates: list[Found], root: Path, task: Task | None) -> Found:
    suited = [one for one in candidates if task in (None, one.task)]
    if len(suited) > 1:
        raise DataError(
            f"{root} can be read in more than one way: "
            + "; ".join(f"{one.layout} ({one.task})" for one in suited),
            fix="choose with --task, or give --data a folder that holds only one of them",
        )
    if not suited:
        asked = f"no data for {task}" if task else "nothing that nasea knows how to read"
        if candidates:
            asked += f" but {candidates[0].layout}"
        raise DataError(
            f"{root} holds {asked}{_remark(root)}. Known are\n    "
            + LAYOUTS.replace("\n", "\n    "),
            fix="arrange the files in one of these ways, or begin with `nasea init DIR` and read "
            "them in user_module.py yourself",
        )
    return suited[0]


def _unwrapped(folder: Path) -> Path:
    """Return the folder, or its only sub-folder if an archive added a level."""
    root = folder.resolve()
    for _ in range(4):
        below = folders(root)
        if len(below) != 1 or _data_files(root):
            break
        inner = below[0]
        if not folders(inner) and (images(inner) or not files(inner)):
            break  # one class, or nothing
        root = inner
    return root


def _data_files(root: Path) -> bool:
    names = files(root)
    return any(
        one.suffix in (".npz", ".json", ".xml") or is_record_file(one) for one in names
    ) or bool(images(root))


def _remark(root: Path) -> str:
    """Return a hint about the content of a folder of unknown layout."""
    if not any(root.iterdir()):
        return ": it is empty"
    if (label := _yolo_label(root)) is not None:
        return f": {label.relative_to(root)} looks like YOLO; export the boxes as VOC or COCO"
    count = sum(1 for _ in images_below(root))
    if not count:
        return ": there is no image in it"
    return f": {count} images, but neither folders of classes nor annotations"


def _yolo_label(root: Path) -> Path | None:
    """Return a file of boxes in YOLO's format, which is not supported."""
    for name in ("labels", "train/labels", "labels/train"):
        if (root / name).is_dir() and (found := next((root / name).glob("*.txt"), None)):
            return found
    return None
