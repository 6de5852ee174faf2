"""What a user of TensorFlow reads when the data is wrong or cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.metric import TINY
from contracts.module_errors import failure
from nasea.errors import DataError, UserCodeError

from .project import attached, ready, train, write_module

DATASET = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return {dataset}, {n}
"""


def refused(project: Path, dataset: str = "dataset", n: str = "n", **changes: object) -> DataError:
    write_module(project, DATASET.format(dataset=dataset, n=n))
    error = failure(DataError, lambda: attached(project, **TINY | changes))
    assert isinstance(error, DataError) and error.fix
    return error


@pytest.mark.parametrize(
    "dataset, words",
    [
        ("dataset.map(lambda x, y: x)", ["pairs (images, labels)", "float32 (8, 8, 8, 1)"]),
        ("dataset.map(lambda x, y: (x, y, y))", ["pairs (images, labels)"]),
        ("dataset.map(lambda x, y: {'image': x, 'label': y})", ["pairs", "{image: float32"]),
        ("dataset.unbatch()", ["one image at a time", "not batched", "dataset.batch("]),
        ("dataset.map(lambda x, y: (x[:, :6], y))", ["(6, 8, 1)", "input_shape says (8, 8, 1)"]),
        ("dataset.map(lambda x, y: (tf.transpose(x, (0, 3, 1, 2)), y))", ["(1, 8, 8)"]),
        ("dataset.map(lambda x, y: (tf.cast(255 * x, tf.uint8), y))", ["uint8", "tf.cast"]),
        ("dataset.map(lambda x, y: (tf.constant('a.png'), y))", ["floating-point tensors"]),
        ("dataset.map(lambda x, y: ({'x': x}, y))", ["floating-point tensors", "{x: "]),
        ("dataset.map(lambda x, y: (x, y[:-1]))", ["gives 8 images with labels int64 (7,)", "zip"]),
    ],
)
def test_wrong_elements(project: Path, dataset: str, words: list[str]) -> None:
    error = refused(project, dataset)
    assert "training data set" in error.message
    for word in words:
        assert word in str(error)


def test_the_validation_data_is_checked_too(project: Path) -> None:
    error = refused(
        project, "(dataset if is_training else dataset.map(lambda x, y: (x[:, 1:], y)))"
    )
    assert "the validation data set gives images of shape (7, 8, 1)" in error.message


def test_images_of_double_precision(project: Path) -> None:
    write_module(
        project,
        DATASET.format(dataset="dataset.map(lambda x, y: (tf.cast(x, tf.float64), y))", n="n"),
    )
    train(ready(project, **TINY))  # Keras casts them


@pytest.mark.parametrize("key, training", [("train_dir", True), ("val_dir", False)])
@pytest.mark.parametrize("count", [0, -3])
def test_no_images(project: Path, key: str, training: bool, count: int) -> None:
    error = refused(project, n=f"n if is_training is {not training} else {count}")
    assert f"dataset.{key}" in error.message and f"there are {count} images" in error.message
    assert f"is_training={training}" in error.message


@pytest.mark.parametrize("key, training", [("train_dir", True), ("val_dir", False)])
@pytest.mark.parametrize(
    "dataset", ["dataset", "dataset.filter(lambda x, y: True)"], ids=["known", "unknown length"]
)
def test_fewer_images_than_it_says(project: Path, key: str, training: bool, dataset: str) -> None:
    write_module(
        project, DATASET.format(dataset=dataset, n=f"n + 50 * (is_training is {training})")
    )

    def run() -> None:
        train(ready(project, **TINY))

    error = failure(DataError, run)
    have, text = (44, 94) if training else (20, 70)
    if dataset == "dataset":  # known before it is read, in batches
        have = "at most 48" if training else "at most 24"
    assert f"ends after {have} images" in error.message
    assert f"there are {text} (data_num of {key})" in error.message and "repeat()" in str(error.fix)


def test_an_empty_data_set(project: Path) -> None:
    error = refused(project, "dataset.take(0)")
    assert "ends after 0 images" in error.message


def test_a_batch_of_one_image_and_one_pixel(project: Path) -> None:
    changes = {**TINY, "supernet__filters": [8, 8, 12], "supernet__strides": [2, 2, 2]}
    error = failure(DataError, lambda: attached(project, batch_size=1, **changes))
    assert "batch_size is 1" in error.message and "at least 2" in str(error.fix)
    ready(project, batch_size=1, **TINY)


@pytest.mark.parametrize("when", ["y + 10", "tf.where(tf.random.uniform(()) < 2.0, y - 10, y)"])
def test_labels_out_of_range(project: Path, when: str) -> None:
    write_module(project, DATASET.format(dataset=f"dataset.map(lambda x, y: (x, {when}))", n="n"))
    error = failure(UserCodeError, lambda: attached(project, **TINY))
    assert "loss_op" in error.doing and "label value" in error.trace
    assert "float32 (8, 10)" in str(error.fix) and "with values" in str(error.fix)


def test_a_label_out_of_range_in_a_later_batch(project: Path) -> None:
    dataset = "dataset if not is_training else dataset.unbatch().enumerate().map("
    dataset += "lambda i, d: (d[0], tf.where(i < 8, d[1], 77))).batch(8)"
    write_module(project, DATASET.format(dataset=dataset, n="n"))
    backend = ready(project, **TINY)
    error = failure(UserCodeError, lambda: train(backend))
    assert "loss_op" in error.doing and "label value of 77" in error.trace


def test_a_loss_that_rejects_the_output(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def call(self, inputs, training=True):
                return {"out": super().call(inputs, training), "aux": [inputs]}
        """,
    )
    error = failure(UserCodeError, lambda: attached(project, **TINY))
    assert "UserModule.loss_op" in error.doing and "user_module.py" in error.trace
    assert "{out: float32 (8, 10), aux: [float32 (8, 4, 4, 12)]}" in str(error.fix)


def test_a_post_net_that_does_not_fit(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def call(self, inputs, training=True):
                return super().call(tf.ensure_shape(inputs, (None, 4, 4, 13)), training)
        """,
    )
    error = failure(UserCodeError, lambda: attached(project, **TINY))
    assert "PostNet.call" in error.doing and "supernet.filters" in str(error.fix)
    assert "(8, 4, 4, 12)" in str(error.fix)


BROKEN = """
    def broken(image):
        {statement}

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.map(lambda x, y: (self.read(x), y)), n

        def read(self, image):
            return tf.ensure_shape(tf.{function}(broken, [image], tf.float32), (None, 8, 8, 1))
"""


@pytest.mark.parametrize("function", ["numpy_function", "py_function"])
@pytest.mark.parametrize(
    "statement, text",
    [
        ("raise ValueError('image 3 is broken')", "ValueError: image 3 is broken"),
        ("return open('nowhere.png')", "FileNotFoundError"),
    ],
)
def test_a_failing_map_function_shows_the_users_frames(
    project: Path, function: str, statement: str, text: str
) -> None:
    write_module(project, BROKEN.format(function=function, statement=statement))
    error = failure(UserCodeError, lambda: attached(project, **TINY))
    assert "reading the training data set" in error.doing and text in error.trace
    assert f'{project}/user_module.py", line' in error.trace and "in broken" in error.trace
    assert statement in error.trace


def test_a_map_function_that_cannot_be_traced(project: Path) -> None:
    write_module(project, DATASET.format(dataset="dataset.map(lambda x, y: (x.numpy(), y))", n="n"))
    error = failure(UserCodeError, lambda: attached(project, **TINY))
    assert "build_dataset_search" in error.doing and "numpy" in error.trace


def test_an_operation_that_fails_in_the_data(project: Path) -> None:
    dataset = "dataset.map(lambda x, y: (x + tf.cast(tf.io.read_file('nowhere.png') == '', x.dtype)"
    write_module(project, DATASET.format(dataset=dataset + ", y))", n="n"))
    error = failure(DataError, lambda: attached(project, **TINY))
    assert "the training data set cannot be read: " in error.message
    assert "nowhere.png" in error.message


def test_images_that_do_not_fit_into_one_batch(project: Path) -> None:
    dataset = "dataset.unbatch().enumerate().map(lambda i, d: (d[0][:6 + i % 2], d[1])).batch(8)"
    write_module(project, DATASET.format(dataset=dataset, n="n"))
    error = failure(DataError, lambda: attached(project, **TINY))
    assert "training data set" in error.message and "batch" in error.message
