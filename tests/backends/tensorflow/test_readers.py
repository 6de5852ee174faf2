"""The readers that nasea brings: every image once, in an order that repeats, looked at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from nasea.backends.tensorflow.data import image_folder
from nasea.backends.tensorflow.data.sources import sharding
from nasea.backends.tensorflow.devices import seed_everything

from .project import scenario

IMAGES, CLASSES, BATCH = 23, 3, 4


def encoded(number: int) -> bytes:
    return bytes(tf.io.encode_png(np.full((8, 8, 1), 10 * number, np.uint8)).numpy())


def write_folder(root: Path) -> Path:
    for half in ("train", "val"):
        for number in range(IMAGES):
            folder = root / half / f"class{number % CLASSES}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:02d}.png").write_bytes(encoded(number))
    return root


def write_records(root: Path, names: tuple[str, ...], count: int = IMAGES) -> Path:
    root.mkdir(exist_ok=True)
    for shard, name in enumerate(names):
        with tf.io.TFRecordWriter(str(root / name)) as file:
            for number in range(shard, count, len(names)):
                image = tf.train.BytesList(value=[encoded(number)])
                label = tf.train.Int64List(value=[number % CLASSES])
                features = {
                    "image/encoded": tf.train.Feature(bytes_list=image),
                    "image/class/label": tf.train.Feature(int64_list=label),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                file.write(example.SerializeToString())
    return root


@pytest.fixture(params=["folder", "records", "records apart"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "folder":
        return write_folder(tmp_path)
    names = ("train-0", "train-1", "train-2")
    home = write_records(tmp_path / "records", names)
    if request.param == "records apart":
        write_records(home, ("val-0",))
    return home


@pytest.fixture
def module(place: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(image_folder, "augmented", lambda pixels, rng: pixels)
    made = image_folder.folder_module(tf.keras.Model, scenario(dataset__train_dir=str(place)))
    return made.UserModule(1, BATCH)


def numbers(dataset: Any) -> list[list[int]]:
    """Batches as the numbers of their images; -1 for a blank one with label 0."""
    found = []
    for images, labels in dataset:
        of_batch = np.round(images.numpy()[:, 0, 0, 0] * 25.5).astype(int).tolist()
        assert [n % CLASSES for n in of_batch] == labels.numpy().tolist()
        found.append(of_batch)
    return found


def test_every_image_is_read_once(module: Any, place: Path) -> None:
    train, images = module.build_dataset_search(str(place), True)
    val, others = module.build_dataset_search(str(place), False)
    trained, validated = (sum(numbers(each), []) for each in (train, val))
    assert len(trained) == images and len(validated) == others
    if (place / "train").is_dir() or (place / "val-0").is_file():
        assert sorted(trained) == sorted(validated) == list(range(IMAGES))
    else:
        assert sorted(trained + validated) == list(range(IMAGES)) and others == 3
    assert validated == sorted(validated) or not (place / "val-0").is_file()


def test_the_order_is_that_of_the_seed(module: Any, place: Path) -> None:
    def order(seed: int) -> list[list[int]]:
        seed_everything(seed)
        return numbers(module.build_dataset_search(str(place), True)[0])

    assert order(1) == order(1) != order(2)


def test_ranks_read_their_batches_and_all_the_last_ones(module: Any, place: Path) -> None:
    seed_everything(1)
    whole = numbers(module.build_dataset_search(str(place), True)[0])
    steps = len(sum(whole, [])) // (2 * BATCH)
    for rank in (0, 1):
        seed_everything(1)
        with sharding(2, rank):
            dataset, _ = module.build_dataset_search(str(place), True)
        found = numbers(dataset)
        assert len(found) == len(whole)
        for number, (mine, expected) in enumerate(zip(found, whole, strict=True)):
            needed = number % 2 == rank or number >= 2 * steps
            assert mine == (expected if needed else [0] * BATCH)


def test_files_are_looked_at_once(
    module: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [module.build_dataset_search(str(place), half)[1] for half in (True, False)]

    def again(*arguments: object) -> Any:
        raise AssertionError("looked at before")

    for name in ("survey", "open_folder"):
        monkeypatch.setattr(image_folder, name, again)
    assert [module.build_dataset_search(str(place), half)[1] for half in (True, False)] == first


def test_images_of_any_mode_become_those_of_the_network(tmp_path: Path) -> None:
    for label in range(2):
        folder = tmp_path / f"class{label}"
        folder.mkdir()
        for number in range(3):
            Image.new("RGB", (5 + number, 9)).save(folder / f"{number}.jpg")
    made = image_folder.folder_module(tf.keras.Model, scenario(dataset__train_dir=str(tmp_path)))
    dataset, count = made.UserModule(1, 2).build_dataset_search(str(tmp_path), True)
    assert count == 4 and {tuple(images.shape[1:]) for images, _ in dataset} == {(8, 8, 1)}
