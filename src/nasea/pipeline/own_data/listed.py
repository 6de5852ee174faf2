"""Images that a list names: each is read when its turn comes, by the process that asks for it.

A list is a text file with one image a line; what belongs to the image follows, separated by tabs.
An image is

    roses/1.jpg                  a file below the folder of the data
    part-0001#4312:20977         20,977 bytes of a file from byte 4,312 on: an image in a TFRecord
    cifar.npz/train_images/17    row 17 of an array in an .npz file
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

Pixels = np.ndarray[Any, Any]
Window = tuple[float, float, float, float]

FILE_PART = re.compile(r"(?P<file>.+)#(?P<start>[0-9]+):(?P<length>[0-9]+)")
ARRAY_ROW = re.compile(r"(?P<file>.+\.npz)/(?P<key>[^/]+)/(?P<row>[0-9]+)")
_FAULTS = (OSError, SyntaxError, ValueError, IndexError, TypeError, Image.DecompressionBombError)


def read_list(path: Path) -> list[list[str]]:
    """The lines of a list, each as its fields.

    Raises:
        ValueError: there is no such list.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; train_dir and val_dir name lists") from None
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def open_image(root: Path, name: str) -> Image.Image:
    """An image as Pillow has it; its pixels may still have to be decoded.

    Args:
        root: the folder of the data.
        name: as lists name it.

    Raises:
        ValueError: it is missing, or no image; names it.
    """
    try:
        if (row := ARRAY_ROW.fullmatch(name)) is not None:
            return Image.fromarray(read_array(root / row["file"], row["key"])[int(row["row"])])
        if (part := FILE_PART.fullmatch(name)) is not None:
            with (root / part["file"]).open("rb") as stream:
                stream.seek(int(part["start"]))
                return Image.open(io.BytesIO(stream.read(int(part["length"]))))
        return Image.open(root / name)
    except FileNotFoundError:
        raise ValueError(
            f"{root / name}: no such file; the folder of the data is DATA in settings.py"
        ) from None
    except PermissionError:
        raise ValueError(f"{root / name}: no permission to read it") from None
    except _FAULTS:
        raise ValueError(f"{root / name}: not an image that Pillow can read") from None


def read_image(
    root: Path, name: str, size: tuple[int, int], mode: str = "RGB", *, whole: bool = True
) -> Pixels:
    """An image at a size, uint8: (H, W, 3), or (H, W, 1) in the mode ``L``.

    Args:
        root: the folder of the data.
        name: as lists name it.
        size: (height, width).
        mode: ``RGB`` or ``L``.
        whole: stretched to the size; else the middle of it, in the image's own proportions.

    Raises:
        ValueError: as :func:`open_image`; also where the image is cut off.
    """
    height, width = size
    with open_image(root, name) as image:
        try:
            image.draft(mode, (width, height))  # a large JPEG is decoded at a size not far above
            if not whole:
                image = ImageOps.exif_transpose(image)
                image = ImageOps.fit(
                    image.convert(mode), (width, height), Image.Resampling.BILINEAR
                )
            elif image.size != (width, height):
                image = image.convert(mode).resize((width, height), Image.Resampling.BILINEAR)
            return np.asarray(image.convert(mode)).reshape(height, width, -1)
        except _FAULTS as error:
            raise ValueError(f"{root / name}: {error}") from None


def read_window(
    root: Path, name: str, size: tuple[int, int], window: Window, mode: str = "RGB"
) -> Pixels:
    """A part of an image at a size, as :func:`read_image` gives the whole.

    Args:
        root: the folder of the data.
        name: as lists name it.
        size: (height, width).
        window: of the part (left, top, right, bottom), as fractions of width and height.
        mode: ``RGB`` or ``L``.
    """
    height, width = size
    with open_image(root, name) as image:
        try:
            image.draft(mode, (2 * width, 2 * height))
            image = ImageOps.exif_transpose(image).convert(mode)
            wide, high = image.size
            box = (window[0] * wide, window[1] * high, window[2] * wide, window[3] * high)
            part = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
            return np.asarray(part).reshape(height, width, -1)
        except _FAULTS as error:
            raise ValueError(f"{root / name}: {error}") from None


def read_mask(root: Path, name: str, size: tuple[int, int] | None = None) -> Pixels:
    """The numbers in a mask, (H, W), scaled without mixing them.

    Args:
        root: the folder of the data.
        name: as lists name it.
        size: (height, width); its own by default.

    Raises:
        ValueError: as :func:`read_image`; also where pixels are colours.
    """
    with open_image(root, name) as image:
        try:
            if len(image.getbands()) > 1:
                numbers = np.asarray(image)[..., :3]
                if (numbers != numbers[..., :1]).any():
                    raise ValueError(
                        f"a mask must hold a number a pixel, found colours (mode {image.mode})"
                    )
                image = Image.fromarray(np.ascontiguousarray(numbers[..., 0]))
            if size is not None and image.size != (size[1], size[0]):
                image = image.resize((size[1], size[0]), Image.Resampling.NEAREST)
            return np.asarray(image).astype(np.int64)
        except _FAULTS as error:
            raise ValueError(f"{root / name}: {error}") from None


@lru_cache(maxsize=8)
def read_array(path: Path, key: str) -> Pixels:
    """Images or masks of an .npz file: (N, H, W) or (N, H, W, C), images as uint8.

    Images may also be floats from 0 to 1, or have their channels before height and width.

    Raises:
        ValueError: the file cannot be read, or has no such array.
    """
    try:
        with np.load(path) as arrays:
            found: Pixels = arrays[key]
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {key}: {error}") from None
    if found.ndim == 4 and found.shape[1] in (1, 3, 4) and found.shape[3] not in (1, 3, 4):
        found = found.transpose(0, 2, 3, 1)
    if found.ndim == 4 and found.shape[3] == 1:
        found = found[..., 0]
    if found.dtype.kind == "f":
        found = found * 255 if found.max(initial=0) <= 1 else found
        found = found.round().clip(0, 255)
    if found.ndim == 4 or found.dtype.kind in "fb" or found.max(initial=0) <= 255:
        found = found.astype(np.uint8)
    elif found.dtype.kind in "iu":  # numbers in masks
        found = found.clip(-1, 65536).astype(np.int32)
    return found


class Images(Sequence[Pixels]):
    """Images of a list at one size, as a sequence of (H, W, C) uint8.

    Args:
        root: the folder of the data.
        names: as lists name them.
        size: (height, width).
        mode: ``RGB`` or ``L``.
        whole: as in :func:`read_image`.
    """

    def __init__(
        self,
        root: Path,
        names: Sequence[str],
        size: tuple[int, int],
        mode: str = "RGB",
        whole: bool = True,
    ) -> None:
        self.root, self.names, self.size, self.mode = root, names, size, mode
        self.whole = whole
        if names and (row := ARRAY_ROW.fullmatch(names[0])) is not None:
            read_array(root / row["file"], row["key"])  # here, so that forked workers share it

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Any) -> Any:
        return read_image(self.root, self.names[index], self.size, self.mode, whole=self.whole)

    def window(self, index: int, window: Window) -> Pixels:
        """A part of an image, scaled to the size; see :func:`read_window`."""
        return read_window(self.root, self.names[index], self.size, window, self.mode)
