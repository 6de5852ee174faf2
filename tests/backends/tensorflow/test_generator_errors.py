"""What a user of TensorFlow reads when what a detection is given is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.module_errors import failure
from nasea.errors import DataError, NaseaError, UserCodeError, UserModuleError

from .detection_project import DATA, opened, write_module

MODULE = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
            made, n = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
            if is_training:
                train, size = made, n
                {train}
                return train, size
            (val, data), size = made, n
            {val}
            return [val, data], size
"""


def refused(project: Path, kind: type[NaseaError], train: str = "", val: str = "") -> NaseaError:
    write_module(project, MODULE.format(train=train or "pass", val=val or "pass"))
    error = failure(kind, lambda: opened(project).probe(None))
    assert isinstance(error, NaseaError)
    return error


@pytest.mark.parametrize(
    "train, words",
    [
        ("train = (x for x, y in train)", ["pairs (images, labels)", "float32 (8, 8, 8, 1)"]),
        ("train = ((x, y, y) for x, y in train)", ["pairs (images, labels)", "yield images"]),
        ("train = ((x[:, :6], y) for x, y in train)", ["(6, 8, 1)", "input_shape says (8, 8, 1)"]),
        ("train = ((x[0], y[0]) for x, y in train)", ["one image at a time", "yield batches"]),
        ("train = ((x, y[:-1]) for x, y in train)", ["8 images with labels int64 (7,)"]),
        ("train = (('a.png', y) for x, y in train)", ["floating-point tensors", "str"]),
        ("train = (batch for batch in [next(train)] * 0)", ["ends after 0 images", "while True"]),
        ("train = ((x[:0], y[:0]) for x, y in train)", ["without an image", "(0, 8, 8, 1)"]),
        ("size = 0", ["dataset.train_dir", "there are 0 images (train_dataset_size)"]),
        ("train = (None for _ in train)", ["pairs (images, labels)", "NoneType"]),
    ],
)
def test_training_data(project: Path, train: str, words: list[str]) -> None:
    error = refused(project, DataError, train=train)
    assert error.fix
    for word in words:
        assert word in str(error)
    if "dataset" not in words[0]:
        assert "the training generator" in error.message


@pytest.mark.parametrize(
    "val, words",
    [
        ("val = ((x[:, :6], i, y) for x, i, y in val)", ["(6, 8, 1)", "input_shape"]),
        ("val = ((x[0], i, y) for x, i, y in val)", ["one image at a time"]),
        ("val = ({'x': x} for x, i, y in val)", ["floating-point tensors"]),
        ("val = (() for _ in val)", ["floating-point tensors, found NoneType"]),
        ("val = iter([next(val)])", ["ends after 8 images", "val_dataset_size of val_dir"]),
        ("size = 0; data.image_ids = []", ["dataset.val_dir", "(val_dataset_size)"]),
        ("del data.image_ids", ["val_dataset, a SimpleNamespace, has no image_ids"]),
        ("data.image_ids = None", ["has no image_ids"]),
        ("data.image_ids = data.image_ids[:-1]", ["image_ids has 19 ids", "there are 20 images"]),
        ("data.image_ids = [7] * 20", ["different numbers or names"]),
    ],
)
def test_validation_data(project: Path, val: str, words: list[str]) -> None:
    error = refused(project, DataError, val=val)
    assert error.fix
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize(
    "train, val, words",
    [
        ("return train", "", "(train_generator, train_dataset_size) for is_training=True"),
        ("return images_and_labels, n", "", "with a generator of batches, found function"),
        ("return train, '44'", "", "train_dataset_size the number of images, found str '44'"),
        ("", "return val, size", "(val_generator, val_dataset, val_dataset_size)"),
        ("", "return data, data, size", "a generator of batches, found SimpleNamespace"),
        ("", "return val, data, 2.5", "val_dataset_size the number of images, found float 2.5"),
    ],
)
def test_what_build_dataset_search_returns(project: Path, train: str, val: str, words: str) -> None:
    assert words in refused(project, UserModuleError, train, val).message


def test_three_things_in_a_row_will_do(project: Path) -> None:
    write_module(project, MODULE.format(train="pass", val="return val, data, size"))
    assert opened(project).probe(None).data_report.val_images == 20


def test_a_generator_that_fails_shows_the_users_frames(project: Path) -> None:
    fails = "val = (x / missing for x, i, y in val)"
    error = refused(project, UserCodeError, val=fails)
    assert isinstance(error, UserCodeError)
    assert error.doing == "reading the validation generator"
    assert fails in error.trace and "NameError" in error.trace


def test_a_module_that_was_written_for_classification(project: Path) -> None:
    write_module(project, "UserModule.build_dataset_search = lambda self, d, t: None")
    error = failure(UserModuleError, lambda: opened(project))
    assert f"must accept UserModule.{DATA}" in error.message


def test_a_generator_that_leaves_images_out_is_noticed(project: Path) -> None:
    val = "val = ((x[:6], i[:6], y[:6]) for x, i, y in val)"
    write_module(project, MODULE.format(train="pass", val=val))
    backend = opened(project).probe(None)
    text = "gives 16 of the 20 images in val_dataset.image_ids; 4 are never seen"
    assert any(text in notice.text for notice in backend.notices)
