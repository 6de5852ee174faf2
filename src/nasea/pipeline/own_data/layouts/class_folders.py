"""One folder of images per class, with or without ``train``, ``val`` and ``test`` folders."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from nasea.errors import DataError
from nasea.pipeline.own_data.files import folders, has_images, images, images_below, listable
from nasea.pipeline.own_data.records import WHOLE, Found, Item, listed, part_of


def find(root: Path) -> Found | None:
    """Return the data set; ``None`` if there are no folders of images."""
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
    empty = [
        one.relative_to(root).as_posix()
        for folder in (halves.values() if halves is not None else [root])
        for one in folders(folder)
        if not has_images(one)
    ]
    names = sorted({item.label for items in parts.values() for item in items})
    found = Found("classification", layout, root, parts, tuple(names))
    if empty:
        found = found.told(
            f"folders without an image that is known by its ending, left out: {listed(empty)}"
        )
    deep = {item.label for items in parts.values() for item in items if _is_deep(item)}
    if deep:
        found = found.told(
            f"images in sub-folders count to the class above: {listed(sorted(deep))}"
        )
    if halves is not None:
        others = [one for one in folders(root) if one not in halves.values() and has_images(one)]
        if others:
            names_of = listed([one.name for one in others])
            found = found.told(f"folders with images that are no part, left out: {names_of}")
    loose = images(root)
    if loose:
        found = found.told(f"{len(loose)} images that lie in no class folder are left out")
    return found


def _halves(root: Path) -> dict[str, Path] | None:
    """Return {part: folder} if folders with images are named after parts.

    Other folders beside them are not classes if ``train`` itself contains class folders.
    """
    parts = [(part_of(one.name), one) for one in folders(root) if has_images(one)]
    there = [one for part, one in parts if part is not None]
    named = {part: one for part, one in parts if part is not None}
    others = len(there) < len(parts)
    if not named or (others and not ("train" in named and _holds_classes(named["train"]))):
        return None
    if len(named) < len(there):
        raise DataError(
            f"{root} has two folders for one part: {', '.join(one.name for one in there)}",
            fix="rename one, or give --data a folder that holds only one of them",
        )
    return named


def _is_deep(item: Item) -> bool:
    """Return whether an image is in a sub-folder of its class folder."""
    return PurePosixPath(item.image).parent.name != item.label


def _holds_classes(folder: Path) -> bool:
    return any(has_images(one) for one in folders(folder))


def _items(folder: Path, root: Path, part: str) -> list[Item]:
    unsorted = part != WHOLE and bool(images(folder)) and not _holds_classes(folder)
    if unsorted and part == "test":
        return []  # test images of a competition: their classes are unknown
    if unsorted:
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
