"""Pascal VOC: an XML file for each image, lists of names in ``ImageSets/Main``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from nasea.errors import DataError
from nasea.pipeline.own_data import boxes
from nasea.pipeline.own_data.boxes import Corners
from nasea.pipeline.own_data.files import images_below
from nasea.pipeline.own_data.records import PARTS, WHOLE, Faults, Found, Item, part_of

_UNNAMED = "names in ImageSets without an annotation or image, left out"
_UNREAD = "annotations that cannot be read"
_IMAGELESS = "annotations without an image, left out"


def find(root: Path) -> Found | None:
    """The data set; ``None`` where there are no annotations."""
    annotations = {path.stem: path for path in _annotations(root)}
    if not annotations:
        return None
    faults = Faults()
    pictures = {path.stem: path for path in images_below(root) if "Segmentation" not in str(path)}
    items: dict[str, Item] = {}
    for stem, path in annotations.items():
        if stem not in pictures:
            faults.add(_IMAGELESS, path.relative_to(root).as_posix())
        elif (item := _item(path, pictures[stem], root, faults)) is not None:
            items[stem] = item
    _refuse(root, faults)
    parts, layout = _parts(root, annotations, items, faults)
    found = Found("detection", layout, root, parts, notices=faults.notices())
    if (root / "SegmentationClass").is_dir():
        found = found.told(
            "SegmentationClass holds masks too: --task segmentation searches with them"
        )
    return found


def _annotations(root: Path) -> Iterator[Path]:
    for place, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix.casefold() == ".xml" and _is_annotation(path):
                yield path


def _is_annotation(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b"<annotation" in stream.read(400)
    except OSError:
        return False


def _item(path: Path, image: Path, root: Path, faults: Faults) -> Item | None:
    try:
        tree = ElementTree.parse(path).getroot()
        objects = [_object(one) for one in tree.iter("object")]
        said = _size(tree)
    except (OSError, ElementTree.ParseError, ValueError, TypeError) as error:
        faults.add(_UNREAD, f"{path.relative_to(root)} ({error})")
        return None
    return boxes.item_of(image, root, objects, said, faults)


def _object(element: ElementTree.Element) -> Corners:
    name, box = element.findtext("name"), element.find("bndbox")
    if not name or box is None:
        raise ValueError("an object without a name or a bndbox")
    left, top, right, bottom = (
        float(box.findtext(key) or "nan") for key in ("xmin", "ymin", "xmax", "ymax")
    )
    return (" ".join(name.split()), left, top, right, bottom)


def _size(tree: ElementTree.Element) -> tuple[int, int] | None:
    width, height = (int(tree.findtext(f"size/{key}") or 0) for key in ("width", "height"))
    return (width, height) if width and height else None


def _refuse(root: Path, faults: Faults) -> None:
    wrong = {k: v for k, v in faults.by_kind.items() if k in (_UNREAD, boxes.OTHER_SIZE)}
    Faults(wrong).refuse(
        f"{root}: annotations do not fit the images:",
        "mend these files, or remove them together with their images",
    )


def _parts(
    root: Path, annotations: dict[str, Path], items: dict[str, Item], faults: Faults
) -> tuple[dict[str, list[Item]], str]:
    lists = {part: root / "ImageSets" / "Main" / f"{part}.txt" for part in PARTS}
    named = {part: path for part, path in lists.items() if path.is_file()}
    if "train" in named:
        parts: dict[str, list[Item]] = {}
        for part, path in named.items():
            stems = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
            parts[part] = [items[stem] for stem in stems if stem in items]
            for stem in stems:
                if stem not in annotations:
                    faults.add(_UNNAMED, f"{stem} ({path.name})")
        return parts, "Pascal VOC, split by ImageSets/Main"
    halves: dict[str | None, list[Item]] = {}
    for stem, item in items.items():
        above = annotations[stem].relative_to(root).parts[:-1]
        half = next((found for name in above if (found := part_of(name))), None)
        halves.setdefault(half, []).append(item)
    if None not in halves and "train" in halves:
        return {str(part): found for part, found in halves.items()}, "Pascal VOC, split by folders"
    if len(halves) > 1:
        raise DataError(
            f"{root}: some annotations lie in folders named train, val or test, others do not",
            fix="put all of them into such folders, or none",
        )
    return {WHOLE: list(items.values())}, "Pascal VOC"
