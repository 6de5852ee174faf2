"""TFRecord files of ``tf.train.Example`` with the usual keys of image classification.

``image/encoded`` holds an image file, ``image/class/label`` an integer, ``image/class/text``,
optionally, its name. Lists refer to the bytes of the image in the record file, so no other code has
to read the format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nasea.backends.data.tfrecords import is_record_file
from nasea.errors import DataError
from nasea.pipeline.own_data.files import files, folders, listable
from nasea.pipeline.own_data.records import WHOLE, Found, Item, part_above, part_of

ENCODED, LABEL, TEXT = "image/encoded", "image/class/label", "image/class/text"
_FRAME = 12  # bytes before a record: length and checksum; 4 more bytes of checksum follow it


def find(root: Path) -> Found | None:
    """Return the data set; ``None`` if there are no record files."""
    places = [*files(root), *(file for one in folders(root) for file in files(one))]
    records = [path for path in places if is_record_file(path)]
    if not records:
        return None
    read = {path: list(_examples(path)) for path in records}
    texts = _texts(read)
    parts: dict[str, list[Item]] = {}
    for path, examples in read.items():
        part = part_of(path.name) or part_above(path, root) or WHOLE
        name = listable(path, root)
        parts.setdefault(part, []).extend(
            Item(f"{name}#{one.start}:{one.length}", label=texts[one.label]) for one in examples
        )
    if WHOLE in parts and len(parts) > 1:
        raise DataError(
            f"{root}: some record files are named after train, val or test, others are not",
            fix="rename them, for example train-00000-of-00004 and val-00000-of-00001",
        )
    split = ", split by their names" if len(parts) > 1 else ""
    layout = f"{len(records)} TFRecord files{split}"
    classes = tuple(texts[label] for label in sorted(texts))
    return Found("classification", layout, root, parts, classes)


class Example(NamedTuple):
    """An image in a record file: the position of its bytes, and its class."""

    start: int
    length: int
    label: int
    text: str


def _examples(path: Path) -> Iterator[Example]:
    size = path.stat().st_size
    at = 0
    with path.open("rb") as stream:
        while at < size:
            head = stream.read(_FRAME)
            (length,) = struct.unpack("<Q", head[:8]) if len(head) == _FRAME else (size,)
            if at + _FRAME + length + 4 > size:
                raise DataError(
                    f"{path}: cut off at byte {at}; a record begins there that goes on beyond the "
                    "end of the file",
                    fix="write or copy the file again",
                )
            record = stream.read(length)
            stream.seek(4, 1)
            yield _example(record, path, at + _FRAME)
            at += _FRAME + length + 4


def _example(record: bytes, path: Path, offset: int) -> Example:
    try:
        features = dict(_features(record))
        start, end = _value(record, features[ENCODED], 1)
        label = _integer(record, *features[LABEL])
        text = ""
        if TEXT in features:
            first, last = _value(record, features[TEXT], 1)
            text = record[first:last].decode("utf-8", "replace")
    except (KeyError, ValueError, IndexError) as error:
        missing = f"lacks {error.args[0]}" if isinstance(error, KeyError) else "cannot be read"
        raise DataError(
            f"{path}: a record is not a tf.train.Example with {ENCODED} and {LABEL} ({missing})",
            fix=f"write the image file as bytes into {ENCODED} and the class as an integer into "
            f"{LABEL}; other keys need a user module of your own (docs/user-modules.md)",
        ) from None
    return Example(offset + start, end - start, label, " ".join(text.split()))


def _features(record: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield (key, Feature's place): Example.features (1) . feature (1) {key (1), value (2)}."""
    for _, start, end in _fields(record, 0, len(record)):
        for _, first, last in _fields(record, start, end):
            entry = {number: (a, b) for number, a, b in _fields(record, first, last)}
            key = record[slice(*entry[1])].decode("utf-8", "replace")
            yield key, entry.get(2, (last, last))


def _value(record: bytes, feature: tuple[int, int], number: int) -> tuple[int, int]:
    """Return the position of the first bytes value: Feature.bytes_list (1) . value (1)."""
    for kind, start, end in _fields(record, *feature):
        if kind == number:
            for _, first, last in _fields(record, start, end):
                return first, last
    raise ValueError


def _integer(record: bytes, start: int, end: int) -> int:
    """Return the first integer of a list: Feature.int64_list (3) . value (1), packed or not."""
    for kind, first, last in _fields(record, start, end):
        if kind == 3:
            tag, after = _varint(record, first)
            if tag & 7 == 2:
                _, after = _varint(record, after)
            value, _ = _varint(record, after)
            if after >= last:
                raise ValueError
            return value - (1 << 64) if value >> 63 else value
    raise ValueError


def _fields(record: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, start, end) of a message's length-delimited fields; skip other fields."""
    while start < end:
        tag, start = _varint(record, start)
        if tag & 7 == 2:
            length, start = _varint(record, start)
            if start + length > end:
                raise ValueError
            yield tag >> 3, start, start + length
            start += length
        elif tag & 7 == 0:
            _, start = _varint(record, start)
        elif tag & 7 in (1, 5):
            start += 8 if tag & 7 == 1 else 4
        else:
            raise ValueError


def _varint(record: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = record[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError


def _texts(read: dict[Path, list[Example]]) -> dict[int, str]:
    """Return {class number: name}."""
    texts: dict[int, str] = {}
    for examples in read.values():
        for one in examples:
            if one.text or one.label not in texts:
                texts[one.label] = one.text or texts.get(one.label, "")
    named = {label: text or f"class {label}" for label, text in texts.items()}
    if len(set(named.values())) < len(named):  # one name for two numbers
        named = {label: f"{text} ({label})" for label, text in named.items()}
    return named
