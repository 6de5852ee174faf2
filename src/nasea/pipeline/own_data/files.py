"""Looking through folders: images, sub-folders, names that can stand in a list."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nasea.errors import DataError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"}
_CLUTTER = {"__macosx", "thumbs.db", "desktop.ini"}


def is_image(path: Path) -> bool:
    """Whether a file's name says that it is an image."""
    return path.suffix.casefold() in IMAGE_SUFFIXES and not path.name.startswith(".")


def folders(folder: Path) -> list[Path]:
    """The sub-folders, sorted, without hidden ones."""
    return sorted(one for one in folder.iterdir() if one.is_dir() and not _is_clutter(one))


def files(folder: Path) -> list[Path]:
    """The files in a folder, sorted, without hidden ones."""
    return sorted(one for one in folder.iterdir() if one.is_file() and not _is_clutter(one))


def images(folder: Path) -> list[Path]:
    """The images right in a folder, sorted."""
    return [one for one in files(folder) if is_image(one)]


def images_below(folder: Path) -> Iterator[Path]:
    """The images in a folder and all below it, sorted."""
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not _is_clutter(Path(name)))
        for name in sorted(names):
            if is_image(path := Path(place) / name):
                yield path


def has_images(folder: Path) -> bool:
    """Whether there is any image in or below a folder."""
    return next(images_below(folder), None) is not None


def by_stem(found: list[Path]) -> dict[str, Path]:
    """Name without ending -> file."""
    return {path.stem: path for path in found}


def listable(path: Path, root: Path) -> str:
    """The name that a list has for a file.

    Raises:
        DataError: the name cannot stand in a list.
    """
    name = path.relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        name = "\t"
    if any(letter in name for letter in "\t\r\n"):
        raise DataError(
            f"{path!s:.200}: the name holds a tab, a line break or bytes that are not UTF-8, which "
            "cannot stand in a list of images",
            fix="rename the file",
        )
    return f"./{name}" if name.startswith("#") else name  # a line with # is a comment


def _is_clutter(path: Path) -> bool:
    return path.name.startswith(".") or path.name.casefold() in _CLUTTER
