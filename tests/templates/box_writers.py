"""Scenes as the files that others annotate boxes in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

VOC_OBJECT = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>"
    "<ymax>{}</ymax></bndbox></object>"
)


def write_voc(folder: Path, scenes: Sequence[Any], names: Sequence[str]) -> Path:
    """A Pascal VOC folder; returns the list of its training images."""
    for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    for number, scene in enumerate(scenes):
        Image.fromarray(scene.image).save(folder / "JPEGImages" / f"{number}.png")
        objects = [
            VOC_OBJECT.format(names[label], left, top, left + width, top + height)
            for (left, top, width, height), label in zip(scene.boxes, scene.labels, strict=True)
        ]
        rows, columns = scene.image.shape[:2]
        size = f"<size><width>{columns}</width><height>{rows}</height></size>"
        path = folder / "Annotations" / f"{number}.xml"
        path.write_text(f"<annotation>{size}{''.join(objects)}</annotation>")
    split = folder / "ImageSets" / "Main" / "train.txt"
    split.write_text("".join(f"{number}\n" for number in range(len(scenes))))
    return split


def write_coco(folder: Path, scenes: Sequence[Any], names: Sequence[str]) -> Path:
    """A COCO json beside a folder of images; returns the json."""
    (folder / "images").mkdir(parents=True)
    images, objects = [], []
    for number, scene in enumerate(scenes):
        Image.fromarray(scene.image).save(folder / "images" / f"{number}.png")
        rows, columns = scene.image.shape[:2]
        images.append(
            {"id": number, "file_name": f"{number}.png", "height": rows, "width": columns}
        )
        objects += [
            {"image_id": number, "category_id": 90 - int(label), "bbox": list(map(float, box))}
            for box, label in zip(scene.boxes, scene.labels, strict=True)
        ]
    categories = [{"id": 90 - label, "name": name} for label, name in enumerate(names)]
    path = folder / "instances_train.json"
    content = {"images": images, "annotations": objects, "categories": categories}
    path.write_text(json.dumps(content))
    return path
