"""A folder of images for each class, split into ``train``, ``val`` and ``test`` or not."""

from __future__ import annotations

from pathlib import Path

from nasea.errors import DataError
from nasea.pipeline.own_data.files import folders, has_images, images, images_below, listable
from nasea.pipeline.own_data.records import WHOLE, Found, Item, part_of


def find(root: Path) -> Found | None:
    """The data set; ``None`` where there are no folders of images."""
    halves = _halves(root)
    if halves is not None:
        parts = {part: _items(folder, root, part) for part, folder in halves.items()}
        layout = f"{'/'.join(f.name for f in halves.values())}, each with a folder for each class"
    else:
        classes = [one for one in folders(root) if has_images(one)]
        if not classes:
            return None
        parts = {WHOLE: _items(root, root, WHOLE)}
        layout = "a folder for each class"
    names = sorted({item.label for items in parts.values() for item in items})
    found = Found("classification", layout, root, parts, tuple(names))
    loose = images(root)
    if loose:
        found = found.told(f"{len(loose)} images that lie in no class folder are left out")
    return found


def _halves(root: Path) -> dict[str, Path] | None:
    """Part -> its folder, where all folders with images are named after parts."""
    there = [one for one in folders(root) if has_images(one)]
    parts = [(part_of(one.name), one) for one in there]
    if not there or any(part is None for part, _ in parts):
        return None
    named = {part: one for part, one in parts if part is not None}
    if len(named) < len(parts):
        raise DataError(
            f"{root} has two folders for one part: {', '.join(one.name for one in there)}",
            fix="rename one, or give --data a folder that holds only one of them",
        )
    return named


def _items(folder: Path, root: Path, part: str) -> list[Item]:
    if part == "test" and images(folder) and not any(has_images(one) for one in folders(folder)):
        return []  # test images of a competition: their classes are not known
    if part != WHOLE and images(folder) and not any(has_images(one) for one in folders(folder)):
        raise DataError(
            f"{folder} holds images, but no folders of classes as {root.name} has elsewhere",
            fix=f"arrange them as {folder.name}/CLASS/*.jpg, or leave {folder.name} out: a part of "
            "the training images then validates",
        )
    return [
        Item(listable(image, root), label=one.name)
        for one in folders(folder)
        for image in images_below(one)
    ]
