"""Tiny data sets in each of the layouts that are recognised."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Pixels = np.ndarray[Any, Any]


def pixels(number: int, size: tuple[int, int] = (12, 16), grey: bool = False) -> Pixels:
    """An image (H, W, 3), or (H, W), that depends on its number only."""
    shape = size if grey else (*size, 3)
    return np.random.default_rng(number).integers(0, 256, shape, np.uint8)


def save(path: Path, array: Pixels) -> None:
    """An image file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def write_classes(
    root: Path, classes: Sequence[str] = ("cat", "dog"), each: int = 10, **kind: Any
) -> Path:
    """``CLASS/N.png``."""
    for label, name in enumerate(classes):
        for number in range(each):
            save(root / name / f"{number}.png", pixels(100 * label + number, **kind))
    return root


def write_voc(
    root: Path,
    count: int = 12,
    boxes: Sequence[tuple[Any, ...]] = (("cell", 2, 2, 8, 9), ("dot", 9, 3, 13, 7)),
    lists: bool = False,
    size: tuple[int, int] = (12, 16),
) -> Path:
    """``Annotations``, ``JPEGImages`` and, where asked for, ``ImageSets``."""
    for number in range(count):
        save(root / "JPEGImages" / f"{number}.jpg", pixels(number, size))
        write_annotation(root / "Annotations" / f"{number}.xml", boxes, size)
    if lists:
        folder = root / "ImageSets" / "Main"
        folder.mkdir(parents=True)
        (folder / "train.txt").write_text("\n".join(map(str, range(count - 4))))
        (folder / "val.txt").write_text("\n".join(map(str, range(count - 4, count))))
    return root


def write_annotation(
    path: Path, boxes: Sequence[tuple[Any, ...]], size: tuple[int, int] = (12, 16)
) -> None:
    """A VOC annotation of (class, left, top, right, bottom)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax>"
        f"<ymax>{d}</ymax></bndbox></object>"
        for name, a, b, c, d in boxes
    )
    said = f"<size><width>{size[1]}</width><height>{size[0]}</height></size>"
    path.write_text(f"<annotation>{said}{objects}</annotation>")


def write_coco(root: Path, parts: Sequence[tuple[str, int]] = (("train", 10), ("val", 4))) -> Path:
    """``annotations/instances_PART.json`` and ``PART/N.png``."""
    for part, count in parts:
        images = [
            {"id": i, "file_name": f"{i}.png", "width": 16, "height": 12} for i in range(count)
        ]
        for image in images:
            save(root / part / str(image["file_name"]), pixels(int(str(image["id"]))))
        objects = [
            {"id": i, "image_id": i, "category_id": 7 + i % 2, "bbox": [2, 3, 5, 6], "iscrowd": 0}
            for i in range(count)
        ]
        names = [{"id": 7, "name": "cell"}, {"id": 8, "name": "dot"}, {"id": 9, "name": "unused"}]
        content = {"images": images, "annotations": objects, "categories": names}
        path = root / "annotations" / f"instances_{part}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return root


def mask(
    number: int, values: Sequence[int] = (0, 1, 2), size: tuple[int, int] = (12, 16)
) -> Pixels:
    """A mask (H, W) with stripes of the values."""
    rows = np.arange(size[0])[:, None] + number
    return np.array(values, np.uint8)[np.broadcast_to(rows, size) % len(values)]


def write_masks(
    root: Path,
    folders: Sequence[tuple[str, str]] = (("images", "masks"),),
    count: int = 12,
    values: Sequence[int] = (0, 1, 2),
    ending: str = "",
) -> Path:
    """Folders of images and masks."""
    for images, masks in folders:
        for number in range(count):
            save(root / images / f"{number}.jpg", pixels(number))
            save(root / masks / f"{number}{ending}.png", mask(number, values))
    return root


def write_records(path: Path, labels: Sequence[int], texts: bool = True) -> None:
    """A TFRecord file of ``tf.train.Example``, written without TensorFlow."""
    from nasea.backends.data.tfrecords import _crc32c, _masked

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        for number, label in enumerate(labels):
            encoded = io.BytesIO()
            Image.fromarray(pixels(number)).save(encoded, "PNG")
            features = [
                _feature("image/encoded", _bytes(1, _bytes(1, encoded.getvalue()))),
                _feature("image/class/label", _bytes(3, _bytes(1, _varint(label)))),
            ]
            if texts:
                features.append(
                    _feature("image/class/text", _bytes(1, _bytes(1, f"name {label}".encode())))
                )
            record = _bytes(1, b"".join(features))
            length = struct.pack("<Q", len(record))
            stream.write(length + struct.pack("<I", _masked(_crc32c(length))))
            stream.write(record + struct.pack("<I", _masked(_crc32c(record))))


def _feature(key: str, value: bytes) -> bytes:
    return _bytes(1, _bytes(1, key.encode()) + _bytes(2, value))


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
