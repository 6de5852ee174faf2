"""Arrays in .npz files: images with class labels or with masks.

The arrays are recognised by their names: ``train_images``, ``train_labels``; ``x_train``,
``y_train``; ``images``, ``labels``; ``val_images``, ``val_masks``; in one file or in one file per
part.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nasea.errors import DataError
from nasea.pipeline.own_data.files import files, listable
from nasea.pipeline.own_data.records import WHOLE, Found, Item, listed, part_of

_ROLES = {
    "images": {"images", "image", "imgs", "img", "x", "data"},
    "labels": {"labels", "label", "y", "targets", "target", "masks", "mask", "segmentations"},
    "classes": {"classes", "class", "classnames", "labelnames", "categories"},
}


@dataclass
class _Part:
    """The arrays of a part: {role: (file, key)}."""

    arrays: dict[str, tuple[Path, str]] = field(default_factory=dict)


def find(root: Path, only: Path | None = None) -> Found | None:
    """Return the data set; ``None`` if there is no .npz file.

    Args:
        root: the folder.
        only: the only file to read.
    """
    paths = [only] if only else [one for one in files(root) if one.suffix == ".npz"]
    if not paths:
        return None
    parts, classes, seen = _roles(paths)
    if not any("images" in part.arrays for part in parts.values()):
        raise DataError(
            f"{listed([p.name for p in paths])}: no images among the arrays {listed(seen, 12)}",
            fix="name the arrays train_images and train_labels (val_, test_), or images and labels",
        )
    items: dict[str, list[Item]] = {}
    notices: list[str] = []
    tasks = set()
    for name, part in parts.items():
        if set(part.arrays) != {"images", "labels"}:
            notices.append(f"{listed([key for _, key in part.arrays.values()])} left out: no pair")
            continue
        found = _pairs(root, part, classes, notices)
        tasks.add("segmentation" if found and found[0].mask else "classification")
        items[name] = found
    if not tasks:
        raise DataError(
            f"{listed([p.name for p in paths])}: no labels for the images; the arrays are "
            f"{listed(seen, 12)}",
            fix="name the arrays train_images and train_labels (val_, test_), or images and labels",
        )
    if len(tasks) != 1:
        raise DataError(
            f"{listed([p.name for p in paths])}: labels of one part are classes, of another masks",
            fix="leave only one kind in the file",
        )
    layout = f"arrays in {listed([p.name for p in paths])}"
    if "segmentation" in tasks:
        return Found("segmentation", layout, root, items, tuple(classes), tuple(notices))
    labels = {item.label for found in items.values() for item in found}
    known = [name for name in classes if name in labels]
    order = known if len(known) == len(labels) else sorted(labels, key=_natural)
    return Found("classification", layout, root, items, tuple(order), tuple(notices))


def _roles(paths: Sequence[Path]) -> tuple[dict[str, _Part], list[str], list[str]]:
    """Return ({part: its arrays}, class names, all keys)."""
    parts: dict[str, _Part] = {}
    classes: list[str] = []
    seen: list[str] = []
    for path in paths:
        whole = part_of(path.stem) or WHOLE
        try:
            with np.load(path) as arrays:
                for key in arrays:
                    seen.append(key)
                    words = re.findall(r"[a-z]+", key.casefold())
                    part = next((p for word in words if (p := part_of(word))), whole)
                    rest = "".join(word for word in words if not part_of(word))
                    role = next((r for r, names in _ROLES.items() if rest in names), None)
                    if role == "classes":
                        classes = [_text(name) for name in arrays[key].ravel().tolist()]
                    elif role is not None:
                        pair = parts.setdefault(part, _Part()).arrays
                        if role in pair:
                            raise DataError(
                                f"{path}: two arrays of {role}: {pair[role][1]} and {key}",
                                fix="leave one in the file",
                            )
                        pair[role] = (path, key)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{path}: not a readable .npz file: {error}",
                fix="write it again with numpy.savez, without Python objects in it",
            ) from None
    return parts, classes, seen


def _pairs(root: Path, part: _Part, classes: Sequence[str], notices: list[str]) -> list[Item]:
    (path, images), (other, labels) = part.arrays["images"], part.arrays["labels"]
    shape, kind = _header(path, images)
    values = _load(other, labels)
    if len(shape) not in (3, 4) or kind.kind not in "uif":
        raise DataError(
            f"{path}: {images} must be images (N, H, W) or (N, H, W, C), found {kind} {shape}",
            fix="reshape it",
        )
    if len(shape) == 4 and not {1, 3, 4} & {shape[1], shape[3]}:
        raise DataError(
            f"{path}: {images} must have 1, 3 or 4 channels, found {shape}",
            fix="store grey or colour images: (N, H, W) or (N, H, W, 3)",
        )
    if kind.kind != "u" or kind.itemsize > 1:
        _require_range(_load(path, images), path, images)
        notices.append(f"{images} is {kind}, read as uint8 from 0 to 255")
    if len(values) != shape[0]:
        raise DataError(
            f"{path}: {images} are {shape[0]} images, {labels} are {len(values)}",
            fix="store one label for each image",
        )
    file, masks = listable(path, root), listable(other, root)
    names = [f"{file}/{images}/{i}" for i in range(len(values))]
    if values.ndim > 2 and values.shape[1:3] == (shape[1:3] if shape[1] > 4 else shape[2:4]):
        return [Item(name, mask=f"{masks}/{labels}/{i}") for i, name in enumerate(names)]
    if values.ndim > 1 and values.shape[1:] != (1,) * (values.ndim - 1):
        values = _from_one_hot(values, other, labels, notices)
    told = [_class_name(value, classes, other, labels) for value in values.ravel().tolist()]
    return [Item(name, label=label) for name, label in zip(names, told, strict=True)]


def _require_range(values: np.ndarray[Any, Any], path: Path, key: str) -> None:
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if not 0 <= low <= high <= 255:  # also false for NaN
        raise DataError(
            f"{path}: {key} holds values from {low:g} to {high:g}; images are numbers from 0 to "
            "255, or from 0 to 1",
            fix="scale them: the project normalises images itself",
        )


def _text(name: object) -> str:
    """Return the name of a class in the form that lists allow."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return " ".join(text.split())


def _from_one_hot(
    values: np.ndarray[Any, Any], path: Path, key: str, notices: list[str]
) -> np.ndarray[Any, Any]:
    one_hot = (
        values.ndim == 2
        and values.dtype.kind in "biuf"
        and bool(((values == 0) | (values == 1)).all() and (values.sum(1) == 1).all())
    )
    if not one_hot:
        raise DataError(
            f"{path}: {key} must hold one class for each image, or masks as large as the images, "
            f"found {values.dtype} {values.shape}",
            fix="store class numbers (N,)",
        )
    notices.append(f"{key} is one-hot, read as class numbers")
    numbers: np.ndarray[Any, Any] = values.argmax(1)
    return numbers


def _class_name(value: object, classes: Sequence[str], path: Path, key: str) -> str:
    if isinstance(value, str):
        return _text(value)
    number = int(value) if isinstance(value, int | float) and value == value else -1
    if number != value or number < 0:
        raise DataError(f"{path}: {key} holds {value}", fix="store class numbers from 0")
    return classes[number] if number < len(classes) else f"class {number}"


def _header(path: Path, key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and dtype of an array without reading it."""
    with zipfile.ZipFile(path) as content, content.open(f"{key}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            found = _load(path, key)
            return found.shape, found.dtype
        shape, _, kind = read(stream)
    return shape, kind


def _load(path: Path, key: str) -> np.ndarray[Any, Any]:
    try:
        with np.load(path) as arrays:
            found: np.ndarray[Any, Any] = arrays[key]
    except ValueError as error:
        raise DataError(f"{path}: {key}: {error}", fix="store plain numbers") from None
    return found


def _natural(name: str) -> tuple[object, ...]:
    """Return a sort key that puts ``class 10`` after ``class 9``."""
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)
    )
