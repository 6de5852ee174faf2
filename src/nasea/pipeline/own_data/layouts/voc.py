"""Pascal VOC: one XML file per image, lists of names in ``ImageSets/Main``."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from nasea.errors import DataError
from nasea.pipeline.own_data import boxes
from nasea.pipeline.own_data.boxes import Corners
from nasea.pipeline.own_data.files import files_below, images_below
from nasea.pipeline.own_data.records import PARTS, WHOLE, Faults, Found, Item, part_above

_UNNAMED = "names in ImageSets without an annotation or image, left out"
_UNREAD = "annotations that cannot be read"
_IMAGELESS = "annotations without an image, left out"
_AMBIGUOUS = "annotations with more than one image"
_DIFFICULT = "images with objects marked difficult, which count as the others"


def find(root: Path) -> Found | None:
    """Return the data set; ``None`` if there are no annotations."""
    annotations = list(_annotations(root))
    if not annotations:
        return None
    faults = Faults()
    pictures: dict[str, list[Path]] = {}
    for one in images_below(root):
        if "Segmentation" not in one.relative_to(root).as_posix():
            pictures.setdefault(one.stem, []).append(one)
    items: dict[Path, Item] = {}
    for path in annotations:
        image = _picture(path, pictures.get(path.stem, ()), root, faults)
        if image is not None and (item := _item(path, image, root, faults)) is not None:
            items[path] = item
    _refuse(root, faults)
    parts, layout = _parts(root, annotations, items, faults)
    found = Found("detection", layout, root, parts, notices=faults.notices())
    if (root / "SegmentationClass").is_dir():
        found = found.told(
            "SegmentationClass holds masks too: --task segmentation searches with them"
        )
    return found


def _annotations(root: Path) -> Iterator[Path]:
    for path in files_below(root):
        if path.suffix.casefold() == ".xml" and _is_annotation(path):
            yield path


def _is_annotation(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b"<annotation" in stream.read(400)
    except OSError:
        return False


def _picture(path: Path, named_so: Sequence[Path], root: Path, faults: Faults) -> Path | None:
    """Return the image of an annotation: the nearest of the same name, in the same part."""

    def fitness(image: Path) -> tuple[bool, int]:
        shared = os.path.commonpath([image.parent, path.parent])
        return (part_above(image, root) == part_above(path, root), len(Path(shared).parts))

    ordered = sorted(named_so, key=fitness)
    where = path.relative_to(root).as_posix()
    if not ordered:
        faults.add(_IMAGELESS, where)
        return None
    if len(ordered) > 1 and fitness(ordered[-1]) == fitness(ordered[-2]):
        both = " and ".join(one.relative_to(root).as_posix() for one in ordered[-2:])
        faults.add(_AMBIGUOUS, f"{where} ({both})")
        return None
    return ordered[-1]


def _item(path: Path, image: Path, root: Path, faults: Faults) -> Item | None:
    try:
        tree = ElementTree.parse(path).getroot()
        objects = [_object(one) for one in tree.iter("object")]
        said = _size(tree)
        if any(one.findtext("difficult") == "1" for one in tree.iter("object")):
            faults.add(_DIFFICULT, path.relative_to(root).as_posix())
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
    wrong = {
        k: v for k, v in faults.by_kind.items() if k in (_UNREAD, _AMBIGUOUS, boxes.OTHER_SIZE)
    }
    Faults(wrong).refuse(
        f"{root}: annotations do not fit the images:",
        "mend these files, or remove them together with their images",
    )


def _parts(
    root: Path, annotations: Sequence[Path], items: dict[Path, Item], faults: Faults
) -> tuple[dict[str, list[Item]], str]:
    lists = {part: root / "ImageSets" / "Main" / f"{part}.txt" for part in PARTS}
    named = {part: path for part, path in lists.items() if path.is_file()}
    if "train" in named:
        parts: dict[str, list[Item]] = {}
        known = {path.stem for path in annotations}
        by_stem = {path.stem: item for path, item in items.items()}
        for part, path in named.items():
            stems = listed_stems(path, known)
            parts[part] = [by_stem[stem] for stem in stems if stem in by_stem]
            for stem in stems:
                if stem not in known:
                    faults.add(_UNNAMED, f"{stem} ({path.name})")
        return parts, "Pascal VOC, split by ImageSets/Main"
    halves: dict[str | None, list[Item]] = {}
    for path, item in items.items():
        halves.setdefault(part_above(path, root), []).append(item)
    if None not in halves and "train" in halves:
        return {str(part): found for part, found in halves.items()}, "Pascal VOC, split by folders"
    if len(halves) > 1:
        raise DataError(
            f"{root}: some annotations lie in folders named train, val or test, others do not",
            fix="put all of them into such folders, or none",
        )
    return {WHOLE: list(items.values())}, "Pascal VOC"


def listed_stems(path: Path, known: Collection[str]) -> list[str]:
    """Return the names in a list of ``ImageSets``: one per line, optionally with a number.

    Args:
        path: the list.
        known: all existing names; they may contain spaces.
    """
    lines = [
        line.strip() for line in path.read_text(encoding="utf-8", errors="replace").split("\n")
    ]
    return [line if line in known else line.split()[0] for line in lines if line]
