"""Lists folders: images, sub-folders, and names that are valid in a list."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nasea.errors import DataError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"}
_CLUTTER = {"__macosx", "thumbs.db", "desktop.ini"}


def is_image(path: Path) -> bool:
    """Return whether a file name has an image suffix."""
    return path.suffix.casefold() in IMAGE_SUFFIXES and not path.name.startswith(".")


def folders(folder: Path) -> list[Path]:
    """Return the sub-folders, sorted, without hidden ones."""
    return [Path(one) for one in _entries(folder) if one.is_dir()]


def files(folder: Path) -> list[Path]:
    """Return the files directly in a folder, sorted, without hidden ones."""
    return [Path(one) for one in _entries(folder) if one.is_file()]


def images(folder: Path) -> list[Path]:
    """Return the images directly in a folder, sorted."""
    return [one for one in files(folder) if is_image(one)]


def files_below(folder: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """Yield the files in a folder and all sub-folders, sorted, without hidden ones.

    Links to folders are followed, except in cycles.

    Args:
        folder: the top folder.
        above: device and inode numbers of the parent folders.

    Raises:
        PermissionError: a folder cannot be read, so its files would be missed.
    """
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    entries = _entries(folder)
    yield from (Path(one) for one in entries if one.is_file())
    for one in entries:
        if one.is_dir():
            yield from files_below(Path(one), above | {here})


def images_below(folder: Path) -> Iterator[Path]:
    """Yield the images in a folder and all sub-folders, sorted."""
    return filter(is_image, files_below(folder))


def has_images(folder: Path) -> bool:
    """Return whether there is any image in or below a folder."""
    return next(images_below(folder), None) is not None


def by_stem(found: list[Path]) -> dict[str, Path]:
    """Return {name without suffix: file}."""
    return {path.stem: path for path in found}


def listable(path: Path, root: Path) -> str:
    """Return the name of a file in a list.

    Raises:
        DataError: the name is not valid in a list.
    """
    name = path.relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        name = "\t"
    if "\t" in name or len(f"{name}.".splitlines()) > 1:
        raise DataError(
            f"{path!s:.200}: the name holds a tab, a line break or bytes that are not UTF-8, which "
            "cannot stand in a list of images",
            fix="rename the file",
        )
    return f"./{name}" if name.startswith("#") else name  # lines that start with # are comments


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, sorted; telling files from folders needs no further call."""
    with os.scandir(folder) as found:
        return sorted((one for one in found if not _is_clutter(one.name)), key=lambda one: one.name)


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _CLUTTER
