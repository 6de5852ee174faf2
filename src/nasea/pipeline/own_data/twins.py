"""Finds images that occur twice: in training and in validation they make scores too good."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path

from nasea.pipeline.own_data.listed import ARRAY_ROW, FILE_PART, read_array
from nasea.pipeline.own_data.look import each
from nasea.pipeline.own_data.records import Found, Item, listed

MOST_COMPARED = 100_000
"""Images above which none are compared: reading that many files takes minutes."""

_TAIL = 2**16
"""Bytes at the end of an image that are compared before the whole of it."""


def without_shared_images(found: Found, may_move: bool) -> Found:
    """Keep identical images out of different parts, or tell that they are there.

    Args:
        found: the data, split.
        may_move: whether validation images may move to training, and back.

    Returns:
        The data, with identical images on one side if they may move; otherwise with a notice.
    """
    part_of = {item.image: part for part, items in found.parts.items() for item in items}
    shared = [
        group
        for group in identical(found.root, [item for part in found.parts.values() for item in part])
        if len({part_of[item.image] for item in group}) > 1
    ]
    if may_move and shared:
        found = _moved(found, part_of, shared)
    notices = []
    for part in ("val", "test"):
        pairs = [
            (item.image, twin.image)
            for group in shared
            for item in group
            if part_of[item.image] == part
            for twin in group[:1]
            if part_of[twin.image] == "train"
        ]
        if pairs:
            examples = listed([f"{one} = {other}" for one, other in pairs], 2)
            notices.append(
                f"{len(pairs)} of {len(found.parts[part])} images of {part} are training images "
                f"too, byte for byte: {examples}; scores will be better than on new images, so "
                "remove them from one of the two"
            )
    return found.told(*notices)


def identical(root: Path, items: Sequence[Item]) -> list[list[Item]]:
    """Return groups of images whose contents are the same bytes, each in the order of ``items``.

    Sizes are compared first, then ends, and the whole of those that still agree. Images that cannot
    be read are in no group.

    Args:
        root: the folder to which image names are relative.
        items: the images; more than ``MOST_COMPARED`` are not compared.
    """
    if len(items) > MOST_COMPARED:
        return []
    groups = [list(items)]
    keys: tuple[Callable[[Path, str], Hashable], ...] = (_size, _end, _content)
    for key in keys:
        groups = [part for group in groups for part in _parted(root, group, key)]
    return groups


def _parted(
    root: Path, items: Sequence[Item], key: Callable[[Path, str], Hashable]
) -> list[list[Item]]:
    """Return the groups of two and more with the same key."""

    def key_of(item: Item) -> Hashable:
        try:
            return key(root, item.image)
        except (OSError, ValueError, IndexError):  # reported where images are opened
            return None

    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item, found in zip(items, each(key_of, items), strict=True):
        if found is not None:
            groups[found].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _size(root: Path, name: str) -> Hashable:
    if (row := ARRAY_ROW.fullmatch(name)) is not None:
        return ("row", read_array(root / row["file"], row["key"]).shape[1:])
    if (part := FILE_PART.fullmatch(name)) is not None:
        return int(part["length"])
    return (root / name).stat().st_size


def _end(root: Path, name: str) -> Hashable:
    return _digest(root, name, _TAIL)


def _content(root: Path, name: str) -> Hashable:
    return _digest(root, name, None)


def _digest(root: Path, name: str, most: int | None) -> bytes:
    """Return the digest of an image's bytes, or of the last ``most``."""
    if (row := ARRAY_ROW.fullmatch(name)) is not None:
        content = read_array(root / row["file"], row["key"])[int(row["row"])].tobytes()
        return hashlib.blake2b(content[-(most or len(content)) :]).digest()
    file, start = root / name, 0
    length: int | None = None
    if (part := FILE_PART.fullmatch(name)) is not None:
        file, start, length = root / part["file"], int(part["start"]), int(part["length"])
    length = file.stat().st_size if length is None else length
    with file.open("rb") as stream:
        skipped = 0 if most is None else max(0, length - most)
        stream.seek(start + skipped)
        return hashlib.blake2b(stream.read(length - skipped)).digest()


def _moved(found: Found, part_of: dict[str, str], shared: Sequence[Sequence[Item]]) -> Found:
    """Put each group where the first of its names is, but never a class's only images into val.

    Args:
        found: the data, split.
        part_of: the part of every image; changed.
        shared: groups of identical images that are in different parts.
    """
    trained = Counter(name for item in found.parts["train"] for name in _classes(item))
    count = 0
    for group in shared:
        movable = [item for item in group if part_of[item.image] != "test"]
        first = min(movable, key=lambda item: item.image)
        leaving = [item for item in movable if part_of[item.image] == "train"]
        lost = Counter(name for item in leaving for name in _classes(item))
        target = part_of[first.image]
        if target == "val" and any(trained[name] <= number for name, number in lost.items()):
            target = "train"
        if target == "val":
            trained -= lost
        for item in movable:
            count += part_of[item.image] != target
            part_of[item.image] = target
    everything = [item for part in found.parts.values() for item in part]
    parts = {
        name: tuple(item for item in everything if part_of[item.image] == name)
        for name in found.parts
    }
    found = replace(found, parts=parts)
    if not count:
        return found
    return found.told(f"identical images train together or validate together: {count} moved")


def _classes(item: Item) -> list[str]:
    return [box[0] for box in item.boxes] or [item.label]
