"""Finds images that occur twice: in training and in validation they make scores too good."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    placed = [Placed(part, item) for part, items in found.parts.items() for item in items]
    shared = [
        group
        for group in identical(found.root, [one.item for one in placed])
        if len({placed[index].part for index in group}) > 1
    ]
    moved = _move_together(placed, shared) if may_move else 0
    if moved:
        parts = {
            name: tuple(one.item for one in placed if one.part == name) for name in found.parts
        }
        found = replace(found, parts=parts).told(
            f"identical images train together or validate together: {moved} moved"
        )
    return found.told(*_notices(found, placed, shared))


@dataclass
class Placed:
    """An image and the part that it belongs to."""

    part: str
    item: Item


def _notices(
    found: Found, placed: Sequence[Placed], shared: Sequence[Sequence[int]]
) -> Iterator[str]:
    """Yield a notice for each part with images that are training images too."""
    for part in ("val", "test"):
        pairs = []
        for group in shared:
            trained = [placed[i].item.image for i in group if placed[i].part == "train"]
            mine = [placed[i].item.image for i in group if placed[i].part == part]
            pairs += [f"{one} = {trained[0]}" for one in mine if trained]
        if pairs:
            yield (
                f"{len(pairs)} of {len(found.parts[part])} images of {part} are training images "
                f"too, byte for byte: {listed(pairs, 2)}; scores will be better than on new "
                "images, so remove them from one of the two"
            )


def identical(root: Path, items: Sequence[Item]) -> list[list[int]]:
    """Return groups of images whose contents are the same bytes, as places in ``items``.

    Sizes are compared first, then ends, and the whole of those that still agree. Images that cannot
    be read are in no group.

    Args:
        root: the folder to which image names are relative.
        items: the images; more than ``MOST_COMPARED`` are not compared.
    """
    if len(items) > MOST_COMPARED:
        return []
    groups = [list(range(len(items)))]
    keys: tuple[Callable[[Path, str], Hashable], ...] = (_size, _end, _content)
    for key in keys:
        groups = [part for group in groups for part in _parted(root, items, group, key)]
    return groups


def _parted(
    root: Path,
    items: Sequence[Item],
    places: Sequence[int],
    key: Callable[[Path, str], Hashable],
) -> list[list[int]]:
    """Return the groups of two and more with the same key."""

    def key_of(place: int) -> Hashable:
        try:
            return key(root, items[place].image)
        except (OSError, ValueError, IndexError):  # reported where images are opened
            return None

    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, found in zip(places, each(key_of, places), strict=True):
        if found is not None:
            groups[found].append(place)
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


def _move_together(placed: Sequence[Placed], shared: Sequence[Sequence[int]]) -> int:
    """Put the images of each group into one of training and validation; test images stay.

    Groups go to validation, in an order that their names settle, until each class has about as many
    images there as before. A class's only images train.

    Args:
        placed: all images; their parts are changed.
        shared: groups of identical images that are in different parts.

    Returns:
        How many were moved.
    """
    groups = [[placed[i] for i in group if placed[i].part != "test"] for group in shared]
    groups = [group for group in groups if len({one.part for one in group}) > 1]
    wanted = Counter(one.item.label for one in placed if one.part == "val")
    trained = Counter(c for one in placed if one.part == "train" for c in _classes(one.item))
    validating = wanted.copy()
    for group in groups:
        validating -= Counter(one.item.label for one in group if one.part == "val")
    count = 0
    for group in sorted(groups, key=lambda group: _order(group[0].item.image)):
        label = group[0].item.label
        lost = Counter(c for one in group if one.part == "train" for c in _classes(one.item))
        spared = all(trained[name] > number for name, number in lost.items())
        fits = validating[label] + len(group) / 2 <= wanted[label]
        target = "val" if spared and fits else "train"
        for one in group:
            if one.part == target:
                continue
            count += 1
            one.part = target
            sign = 1 if target == "train" else -1
            for name in _classes(one.item):
                trained[name] += sign
        validating[label] += len(group) * (target == "val")
    return count


def _order(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _classes(item: Item) -> list[str]:
    return [box[0] for box in item.boxes] or [item.label]
