"""A folder of images, a folder a class: found, checked and read as arrays.

``DIR/train/CLASS/*.jpg`` and ``DIR/val/CLASS/*.jpg``; or ``DIR/CLASS/*.jpg``, of which every tenth
image is kept for validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from nasea.errors import DataError
from nasea.space import Shape

_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_KEPT_FOR_VALIDATION = 10
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}

Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True)
class FolderImages:
    """Images of one half of a data set, with their classes.

    Attributes:
        files: an image each.
        labels: class numbers, from 0.
        classes: names of the classes, from number 0.
        shape: (channels, height, width) that every image is resized to.
    """

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    shape: Shape

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        """Return ((H, W, C) float32 in [0, 1], class number)."""
        return read_image(self.files[index], self.shape), self.labels[index]


def is_image_folder(directory: Path) -> bool:
    """Return whether ``directory`` has classes of images in it."""
    root = directory / "train" if (directory / "train").is_dir() else directory
    return bool(_classes(root))


def open_folder(directory: Path, is_training: bool, shape: Shape) -> FolderImages:
    """Return the training or the validation images.

    Raises:
        DataError: there are no images, or the validation images are of other classes.
    """
    split = directory / ("train" if is_training else "val")
    classes = _classes(directory / "train" if (directory / "train").is_dir() else directory)
    if len(classes) < 2:
        raise DataError(
            f"{directory} must hold a folder of images for each of at least two classes, found "
            f"{len(classes)}",
            fix="arrange the images as DIR/train/CLASS/*.jpg and DIR/val/CLASS/*.jpg",
        )
    root = split if split.is_dir() else directory
    stray = sorted(set(_classes(root)) - set(classes))
    if stray:
        raise DataError(
            f"{root} has classes that {directory / 'train'} has not: {', '.join(stray)}",
            fix="give both the same classes",
        )
    files: list[Path] = []
    labels: list[int] = []
    for number, name in enumerate(classes):
        found = _images(root / name)
        if root == directory:
            found = [
                f for i, f in enumerate(found) if (i % _KEPT_FOR_VALIDATION == 0) != is_training
            ]
        files += found
        labels += [number] * len(found)
    return FolderImages(tuple(files), tuple(labels), tuple(classes), shape)


def read_image(path: Path, shape: Shape) -> Pixels:
    """Return an image as (H, W, C) float32 in [0, 1].

    Raises:
        DataError: the file is no image, or only a part of one.
    """
    channels, height, width = shape
    try:
        with Image.open(path) as image:
            converted = image.convert(_MODES.get(channels, "RGB"))
            resized = converted.resize((width, height), Image.Resampling.BILINEAR)
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise DataError(
            f"{path} cannot be read as an image: {error}",
            fix="remove or replace the file",
        ) from error
    return np.asarray(resized, np.float32).reshape(height, width, -1) / 255.0


def augmented(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the image shifted by up to an eighth and, half of the time, mirrored."""
    height, width = pixels.shape[:2]
    up, left = height // 8, width // 8
    padded = np.pad(pixels, ((up, up), (left, left), (0, 0)), mode="reflect")
    top, start = int(rng.integers(2 * up + 1)), int(rng.integers(2 * left + 1))
    moved = padded[top : top + height, start : start + width]
    return moved[:, ::-1] if rng.random() < 0.5 else moved


def _classes(root: Path) -> list[str]:
    if not root.is_dir():
        return []
    return sorted(d.name for d in root.iterdir() if d.is_dir() and any(_found(d)))


def _images(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        return []
    return sorted(_found(folder))


def _found(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
