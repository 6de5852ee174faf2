"""Finds the unreadable files of a data set, which TensorFlow's error does not name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

_ABOUT_A_FILE = re.compile(
    r"JPEG|PNG|GIF|BMP|image|corrupt|truncated|decode|record|input is empty", re.IGNORECASE
)
_IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".bmp"}
_RECORDS = ("tfrecord", "-of-")
_MAX_SHOWN = 3


def unreadable_files(directory: str, message: str) -> str:
    """Return ``; these cannot: …`` with the damaged files below a directory, if they are the cause.

    Args:
        directory: the directory of the data set; need not exist.
        message: the error message of reading.
    """
    if not _ABOUT_A_FILE.search(message):
        return ""
    found = list(itertools.islice(_damaged(Path(directory)), _MAX_SHOWN))
    return f"; cannot be read: {', '.join(map(str, found))}" if found else ""


def _damaged(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")) if root.is_dir() else ():
        read: Any = None
        if path.suffix.lower() in _IMAGES:
            read = _read_image
        elif any(part in path.name.lower() for part in _RECORDS):
            read = _read_records
        if read is None or not path.is_file():
            continue
        try:
            read(str(path))
        except tf.errors.OpError:
            yield path


def _read_image(path: str) -> None:
    tf.io.decode_image(tf.io.read_file(path), expand_animations=False)


def _read_records(path: str) -> None:
    for _ in tf.data.TFRecordDataset(path):
        pass
