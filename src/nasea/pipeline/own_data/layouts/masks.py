"""Images with masks: two folders, ``images`` and ``masks`` or ``train`` and ``trainannot``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nasea.errors import DataError
from nasea.pipeline.own_data.files import folders, images, listable
from nasea.pipeline.own_data.layouts.voc import listed_stems
from nasea.pipeline.own_data.records import PARTS, WHOLE, Faults, Found, Item, part_of

_IMAGE_WORDS = {"images", "image", "imgs", "img", "jpegimages", "leftimg8bit", "rgb"}
_MASK_WORDS = {
    "masks", "mask", "labels", "label", "annotations", "annots", "annot", "segmentation",
    "segmentations", "segmentationclass", "gt", "gtfine", "ground_truth", "groundtruth",
}  # fmt: skip
_MASK_END = re.compile(r"(.+?)_?(?:annots?|masks?|labels?|segmentations?|gt)", re.IGNORECASE)
_IMAGE_END = re.compile(r"(.+?)_(?:images?|imgs?)", re.IGNORECASE)
_STEM_END = re.compile(
    r"_(?:L|mask|masks|label|labels|labelids|seg|gt|annot|gtFine_labelIds|leftImg8bit|img|image)$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(\d{1,5})(?:\s*[:,]\s*|\s+)(.*\S)")
_DEPTH = 4
_MASKLESS = "images without a mask, left out"
_IMAGELESS = "masks without an image, left out"
_LISTS = ("ImageSets/Segmentation", "ImageSets/Main")


def find(root: Path) -> Found | None:
    """Return the data set; ``None`` if no two folders belong together."""
    sides: dict[tuple[str, ...], dict[str, list[Path]]] = {}
    for folder in _with_images(root, _DEPTH):
        side, key = _side(folder.relative_to(root).parts)
        sides.setdefault(key, {}).setdefault(side, []).append(folder)
    faults = Faults()
    parts: dict[str, list[Item]] = {}
    used = []
    for key, both in sides.items():
        if len(both) < 2:
            continue
        pairs = [
            (one, other, items)
            for one in both["images"]
            for other in both["masks"]
            if (items := _pairs(root, one, other, faults))
        ]
        if not pairs:
            continue
        (one, other, items), *more = pairs
        if more:
            raise DataError(
                f"{root}: the same images or masks lie in more than one folder: "
                + "; ".join(_named(root, *pair[:2]) for pair in pairs),
                fix="give --data a folder that holds one folder of images and one of masks",
            )
        part = next((p for name in key if (p := part_of(name))), WHOLE)
        parts.setdefault(part, []).extend(items)
        used.append(_named(root, one, other))
    if not parts:
        return None
    layout = f"images and masks, {', '.join(used[:3])}"
    if set(parts) == {WHOLE}:
        parts = _by_lists(root, parts[WHOLE]) or parts
    elif WHOLE in parts:
        parts["train"] = [*parts.get("train", []), *parts.pop(WHOLE)]
    return Found("segmentation", layout, root, parts, _names(root), faults.notices())


def _named(root: Path, images_in: Path, masks_in: Path) -> str:
    return f"{images_in.relative_to(root)} with {masks_in.relative_to(root)}"


def _with_images(root: Path, depth: int) -> list[Path]:
    found = [root] if images(root) else []
    if depth:
        found += [below for one in folders(root) for below in _with_images(one, depth - 1)]
    return found


def _side(names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return (images or masks, rest of the path); two folders with equal rests belong together."""
    side, rest = "images", []
    for name in names:
        if name.casefold() in _MASK_WORDS:
            side = "masks"
        elif name.casefold() in _IMAGE_WORDS:
            continue
        elif (ending := _MASK_END.fullmatch(name)) is not None:
            side = "masks"
            rest.append(ending[1])
        else:
            ending = _IMAGE_END.fullmatch(name)
            rest.append(ending[1] if ending else name)
    return side, tuple(rest)


def _pairs(root: Path, images_in: Path, masks_in: Path, faults: Faults) -> list[Item]:
    masks = images(masks_in)
    exact = {path.stem: path for path in masks}
    loose = {_STEM_END.sub("", path.stem): path for path in masks}
    items, taken, alone = [], set(), []
    for image in images(images_in):
        mask = exact.get(image.stem) or loose.get(_STEM_END.sub("", image.stem))
        if mask is None:
            alone.append(image)
        else:
            taken.add(mask)
            items.append(Item(listable(image, root), mask=listable(mask, root)))
    if items:
        for image in alone:
            faults.add(_MASKLESS, listable(image, root))
        for mask in masks:
            if mask not in taken:
                faults.add(_IMAGELESS, listable(mask, root))
    return items


def _by_lists(root: Path, items: Sequence[Item]) -> dict[str, list[Item]] | None:
    """Return the parts according to the lists of a Pascal VOC folder."""
    by_stem = {Path(item.image).stem: item for item in items}
    for folder in _LISTS:
        lists = {part: root / folder / f"{part}.txt" for part in PARTS}
        if lists["train"].is_file():
            return {
                part: [
                    by_stem[stem] for stem in listed_stems(path, by_stem.keys()) if stem in by_stem
                ]
                for part, path in lists.items()
                if path.is_file()
            }
    return None


def _names(root: Path) -> tuple[str, ...]:
    """Return the class names from number 0, if a file contains them.

    The file has one name per line, in order or each after its number; CVAT's colours are ignored.
    """
    for name in ("classes.txt", "class_names.txt", "labels.txt", "labelmap.txt"):
        path = root / name
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            lines = [line.strip() for line in lines if line.strip() and line.strip()[0] != "#"]
            numbered = [_NUMBERED.fullmatch(line) for line in lines]
            numbers = {int(one[1]): one[2] for one in numbered if one is not None}
            if lines and len(numbers) == len(lines):  # 7: road
                names = [
                    numbers.get(number, f"class {number}") for number in range(max(numbers) + 1)
                ]
                return tuple(names)
            return tuple(re.sub(r":.*", "", line).strip() for line in lines)
    return ()
