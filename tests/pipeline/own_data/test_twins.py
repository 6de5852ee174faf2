"""Identical images on both sides of a split: told, or put on one side."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.pipeline.own_data.builders import pixels, save, write_classes, write_voc

from nasea.pipeline.own_data import twins
from nasea.pipeline.own_data.recognise import recognise
from nasea.pipeline.own_data.records import Item
from nasea.pipeline.own_data.splitting import split
from nasea.pipeline.own_data.twins import identical


def names(root: Path, images: Sequence[str]) -> list[list[str]]:
    groups = identical(root, [Item(name) for name in images])
    return [[images[place] for place in group] for group in groups]


def test_images_are_compared_by_their_bytes(tmp_path: Path) -> None:
    for name, content in {"a": b"12", "b": b"12", "c": b"13", "d": b"123"}.items():
        (tmp_path / name).write_bytes(content)
    assert names(tmp_path, ("d", "a", "missing", "c", "b")) == [["a", "b"]]


def test_equal_ends_are_not_enough(tmp_path: Path) -> None:
    end = bytes(2**16)
    for name, start in {"a": b"1", "b": b"2", "c": b"1"}.items():
        (tmp_path / name).write_bytes(start + end)
    assert names(tmp_path, "abc") == [["a", "c"]]


def test_parts_of_files_and_rows_of_arrays(tmp_path: Path) -> None:
    (tmp_path / "records").write_bytes(b"xABCyABCABD")
    rows = np.stack([pixels(1), pixels(2), pixels(1)])
    np.savez(tmp_path / "some.npz", train_images=rows)
    found = ["records#1:3", "records#5:3", "records#8:3"]
    found += [f"some.npz/train_images/{row}" for row in range(3)]
    assert names(tmp_path, found) == [
        ["records#1:3", "records#5:3"],
        ["some.npz/train_images/0", "some.npz/train_images/2"],
    ]


def test_too_many_images_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"12")
    monkeypatch.setattr(twins, "MOST_COMPARED", 1)
    assert identical(tmp_path, [Item("a"), Item("a")]) == []


def test_a_given_split_is_kept_and_told(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        for label in ("cat", "dog"):
            for number in range(6):
                seed = 100 * len(part) + 10 * ord(label[0]) + number
                save(tmp_path / part / label / f"{number}.png", pixels(seed))
    shutil.copy(tmp_path / "train/cat/1.png", tmp_path / "val/cat/copy.png")
    shutil.copy(tmp_path / "train/dog/1.png", tmp_path / "test/dog/copy.png")
    shutil.copy(tmp_path / "val/dog/1.png", tmp_path / "val/dog/again.png")
    found = split(recognise(tmp_path, None)).found
    assert {part: len(items) for part, items in found.parts.items()} == {
        "train": 12,
        "val": 14,
        "test": 13,
    }
    told = [notice for notice in found.notices if "byte for byte" in notice]
    assert len(told) == 2
    assert told[0].startswith("1 of 14 images of val are training images too")
    assert "val/cat/copy.png = train/cat/1.png" in told[0]
    assert "1 of 13 images of test" in told[1]


def test_a_split_of_ours_keeps_copies_together(tmp_path: Path) -> None:
    """Every image is there twice: a fifth validates, and none of it trains."""
    write_classes(tmp_path, each=20)
    for path in list(tmp_path.rglob("*.png")):
        shutil.copy(path, path.with_name(f"copy_{path.name}"))
    found = split(recognise(tmp_path, None)).found
    train, val = found.parts["train"], found.parts["val"]
    assert (len(train), len(val)) == (64, 16)
    assert originals(train).isdisjoint(originals(val))
    assert any("identical images train together" in notice for notice in found.notices)


def originals(items: Sequence[Item]) -> set[str]:
    return {item.image.replace("copy_", "") for item in items}


def test_an_image_that_two_parts_name_is_told(tmp_path: Path) -> None:
    """As where train.txt is a copy of trainval.txt."""
    write_voc(tmp_path, lists=True)
    (tmp_path / "ImageSets/Main/train.txt").write_text("\n".join(map(str, range(12))))
    found = split(recognise(tmp_path, None)).found
    assert {part: len(items) for part, items in found.parts.items()} == {"train": 12, "val": 4}
    (told,) = (notice for notice in found.notices if "byte for byte" in notice)
    assert told.startswith("4 of 4 images of val are training images too")


@pytest.mark.parametrize("copies", range(2, 9))
def test_copies_of_few_images_validate_too(tmp_path: Path, copies: int) -> None:
    """A rare class that its owner repeated: one of three images validates."""
    write_classes(tmp_path, each=3 * copies)
    for number in range(3 * copies):
        save(tmp_path / "bird" / f"{number}.png", pixels(900 + number % 3))
    found = split(recognise(tmp_path, None)).found
    assert found.counts("val")["bird"] == copies
    assert found.counts("train")["bird"] == 2 * copies


def test_the_only_images_of_a_class_stay_in_training(tmp_path: Path) -> None:
    write_classes(tmp_path, each=10)
    for number in range(5):  # five copies of one image: a class that knows nothing else
        save(tmp_path / "bird" / f"{number}.png", pixels(999))
    found = split(recognise(tmp_path, None)).found
    assert found.counts("train")["bird"] == 5
    assert found.counts("val")["bird"] == 0
