"""TFRecord files, known by what they hold: ``train-00000-of-01024`` has no suffix to go by.

A record begins with its length, 8 bytes, and a checksum of these, 4 bytes: the masked CRC-32C of
the format (https://www.tensorflow.org/tutorials/load_data/tfrecord). No TensorFlow is needed.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), reflected
_MASK_DELTA = 0xA282EAD8
_HEAD = struct.Struct("<8sI")


def record_files(directory: Path) -> list[Path]:
    """Return TFRecord files of a directory and its sub-folders ``train*`` and ``val*``, sorted."""
    if not directory.is_dir():
        return []
    folders = [directory]
    folders += [one for one in directory.iterdir() if one.is_dir() and _is_half(one.name)]
    return sorted(path for folder in folders for path in folder.iterdir() if is_record_file(path))


def is_validation(path: Path, directory: Path) -> bool:
    """Return whether a file of :func:`record_files` holds validation images, by name or folder."""
    return any(part.casefold().startswith("val") for part in path.relative_to(directory).parts)


def is_record_file(path: Path) -> bool:
    """Return whether a file begins with a TFRecord."""
    try:
        if path.name.startswith(".") or not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read(_HEAD.size)
    except OSError:
        return False
    if len(head) < _HEAD.size:
        return False
    length: bytes
    checksum: int
    length, checksum = _HEAD.unpack(head)
    return _masked(_crc32c(length)) == checksum


def _is_half(name: str) -> bool:
    return name.casefold().startswith(("train", "val"))


def _masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _table()[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
