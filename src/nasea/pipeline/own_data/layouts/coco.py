"""COCO: one JSON file with the annotations of all images of a part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasea.errors import DataError
from nasea.pipeline.own_data import boxes
from nasea.pipeline.own_data.boxes import Corners
from nasea.pipeline.own_data.files import files_below, images_below
from nasea.pipeline.own_data.records import (
    WHOLE,
    Faults,
    Found,
    Item,
    listed,
    part_above,
    part_of,
)

_PREFIX = "instances_"
"""What the files of boxes begin with in the original data set, which has others beside them."""

_MISSING = "images that are named but missing"
_CROWDS = "boxes around crowds, left out"
_STRAY = "objects of images that are not in the file, left out"


def find(root: Path) -> Found | None:
    """Return the data set; ``None`` if there is no annotation file with boxes."""
    annotated = {path: content for path in _jsons(root) if (content := _read(path)) is not None}
    if not annotated:
        return None
    others: list[Path] = []
    if any(path.name.startswith(_PREFIX) for path in annotated):  # skip keypoint files beside them
        others = [path for path in annotated if not path.name.startswith(_PREFIX)]
        annotated = {path: annotated[path] for path in annotated if path not in others}
    faults = Faults()
    places: dict[str, list[Path]] = {}
    for image in images_below(root):
        places.setdefault(image.name, []).append(image)
    parts: dict[str, list[Item]] = {}
    for path, content in annotated.items():
        part = part_of(path.stem.removeprefix(_PREFIX)) or part_above(path, root) or WHOLE
        if part in parts:
            raise DataError(
                f"{root} has more than one COCO file for "
                f"{'one part' if part == WHOLE else part}: {listed([p.name for p in annotated])}",
                fix="name them instances_train.json and instances_val.json, or leave one",
            )
        parts[part] = _items(path, content, root, places, faults)
    if WHOLE in parts and len(parts) > 1:
        raise DataError(
            f"{root}: which part is which? {listed([p.name for p in annotated])}",
            fix="name the COCO files instances_train.json and instances_val.json",
        )
    wrong = {k: v for k, v in faults.by_kind.items() if k in (_MISSING, boxes.OTHER_SIZE)}
    Faults(wrong).refuse(
        f"{root}: annotations do not fit the images:", "add the images, or mend the JSON file"
    )
    split = ", split by its files" if len(parts) > 1 else ""
    found = Found("detection", f"COCO{split}", root, parts, notices=faults.notices())
    if others:
        names = listed([path.name for path in others])
        found = found.told(f"files of boxes that are not called {_PREFIX}…, left out: {names}")
    return found


def _jsons(root: Path) -> list[Path]:
    return [path for path in files_below(root) if path.suffix == ".json"]


def _read(path: Path) -> Mapping[str, Any] | None:
    """Return the content of a COCO file with boxes; ``None`` for another JSON file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if "instances" in path.name or "coco" in path.name:
            raise DataError(f"{path}: not a JSON file: {error}", fix="mend or remove it") from None
        return None
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= set(content):
        return None
    objects = content["annotations"]
    has_boxes = isinstance(objects, list) and any(
        isinstance(one, dict) and "bbox" in one for one in objects[:100]
    )
    return content if has_boxes else None


def _items(
    path: Path,
    content: Mapping[str, Any],
    root: Path,
    places: Mapping[str, list[Path]],
    faults: Faults,
) -> list[Item]:
    try:
        names = {one["id"]: " ".join(str(one["name"]).split()) for one in content["categories"]}
        objects: dict[Any, list[Corners]] = {one["id"]: [] for one in content["images"]}
        for one in content["annotations"]:
            left, top, width, height = map(float, one["bbox"])
            if one["image_id"] not in objects:
                faults.add(_STRAY, f"image {one['image_id']} ({path.name})")
            elif one.get("iscrowd"):
                faults.add(_CROWDS, f"image {one['image_id']} ({path.name})")
            else:
                corners = (names[one["category_id"]], left, top, left + width, top + height)
                objects[one["image_id"]].append(corners)
        images = [(one["id"], str(one["file_name"]), _size(one)) for one in content["images"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: not a COCO annotation file: {type(error).__name__} {error}",
            fix="images need id and file_name, annotations image_id, category_id and bbox, "
            "categories id and name",
        ) from None
    found = []
    for number, name, size in images:
        image = _place(name, path, root, places)
        if image is None:
            faults.add(_MISSING, f"{name} ({path.name})")
        elif (item := boxes.item_of(image, root, objects[number], size, faults)) is not None:
            found.append(item)
    return found


def _place(name: str, path: Path, root: Path, places: Mapping[str, list[Path]]) -> Path | None:
    """Return the image that an annotation names: the best match of its path with both."""
    wanted = Path(name)
    part = path.stem.removeprefix(_PREFIX)
    own = part_of(part) or part_above(path, root)

    def foreign(image: Path) -> bool:
        """Return whether it belongs to another part, whose images may have the same names."""
        return own is not None and part_above(image, root) not in (None, own)

    candidates = [image for image in places.get(wanted.name, []) if not foreign(image)]

    def fitness(image: Path) -> tuple[bool, bool, bool]:
        ends = image.parts[-len(wanted.parts) :] == wanted.parts
        return (ends, part in image.parts, image.parent == path.parent)

    return max(candidates, key=fitness, default=None)


def _size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = image.get("width"), image.get("height")
    return (int(width), int(height)) if width and height else None
