"""What a user reads when the data is wrong or cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.errors import DataError, UserCodeError

from .errors import failure, whole
from .project import attached, ready, train, write_module

ITEM = """
    import numpy as np

    class Changed(Images):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            {}

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Changed(int(dataset_dir))
"""


@pytest.mark.parametrize(
    "item, words",
    [
        ("return image", ["pairs (images, labels)", "float32 (8, 1, 8, 8)"]),
        ("return image, label, index", ["pairs (images, labels)"]),
        ("return {'image': image}", ["pairs (images, labels)", "{image: "]),
        ("return image[:, :6], label", ["(1, 6, 8)", "supernet.input_shape says (1, 8, 8)"]),
        ("return image[0], label", ["(8, 8)", "supernet.input_shape"]),
        ("return image.permute(1, 2, 0), label", ["(8, 8, 1)", "supernet.input_shape"]),
        ("return (255 * image).byte(), label", ["uint8", "image.float() / 255"]),
        ("return 'path.png', label", ["floating-point tensors", "[str, "]),
        ("return image[:, :6 + index % 2], label", ["do not fit into one batch", "one shape"]),
        ("return object(), label", ["do not fit into one batch", "object", "convert"]),
    ],
)
def test_wrong_items(project: Path, item: str, words: list[str]) -> None:
    write_module(project, ITEM.format(item))
    error = failure(DataError, lambda: whole(project))
    assert "training data set" in error.message and error.fix
    for word in words:
        assert word in str(error)


def test_the_validation_data_is_checked_too(project: Path) -> None:
    write_module(
        project,
        ITEM.format("return (image if len(self) == 44 else image[:, 1:]), label"),
    )
    error = failure(DataError, lambda: attached(project))
    assert "the validation data set gives images of shape (1, 7, 8)" in error.message


def test_images_of_double_precision(project: Path) -> None:
    write_module(project, ITEM.format("return image.double(), label"))
    error = failure(UserCodeError, lambda: whole(project))
    assert "float64" in str(error.fix) and "image.float()" in str(error.fix)


@pytest.mark.parametrize("key", ["train_dir", "val_dir"])
def test_an_empty_data_set(project: Path, key: str) -> None:
    dataset = {"train_dir": "44", "val_dir": "20", key: "0"}
    error = failure(DataError, lambda: attached(project, dataset=dataset))
    assert f"dataset.{key}" in error.message and "is empty" in error.message and error.fix


def test_a_batch_larger_than_the_data_set(project: Path) -> None:
    error = failure(DataError, lambda: attached(project, batch_size=45))
    assert "batch_size is 45" in error.message and "only 44 images" in error.message
    assert "at most 44" in str(error.fix)


def test_a_batch_of_one_image_and_one_pixel(project: Path) -> None:
    changes = {"supernet__filters": [8, 8, 8, 12], "supernet__strides": [2, 2, 2, 1]}
    error = failure(DataError, lambda: attached(project, batch_size=1, **changes))
    assert "batch_size is 1" in error.message and "at least 2" in str(error.fix)
    ready(project, batch_size=1)


def test_labels_out_of_range(project: Path) -> None:
    write_module(project, ITEM.format("return image, 7 + index % 4"))
    error = failure(UserCodeError, lambda: whole(project))
    assert "out of bounds" in error.message and "loss_func" in error.message
    assert "values 7 to 10" in str(error.fix) and "float32 (8, 10)" in str(error.fix)


def test_a_loss_that_rejects_the_output(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def forward(self, inputs):
                return {"out": super().forward(inputs), "aux": [inputs]}
        """,
    )
    error = failure(UserCodeError, lambda: whole(project))
    assert "UserModule.loss_func" in error.message and "user_module.py" in error.message
    assert "{out: float32 (8, 10), aux: [float32 (8, 12, 4, 4)]}" in str(error.fix)


def test_a_post_net_that_does_not_fit(project: Path) -> None:
    error = failure(UserCodeError, lambda: attached(project, supernet__filters=[8, 8, 16]))
    assert "PostNet.forward" in error.message and "mat1 and mat2" in error.message
    assert "supernet.filters" in str(error.fix) and "(8, 16, 4, 4)" in str(error.fix)


# Worker processes


def test_an_exception_in_a_worker_reads_like_one_in_the_main_process(project: Path) -> None:
    write_module(
        project,
        ITEM.format(
            """if torch.utils.data.get_worker_info() is None:
                return image, label
            raise ValueError("image 3 is broken")"""
        ),
    )
    backend = ready(project, resource__data_workers=1)
    error = failure(UserCodeError, lambda: train(backend))
    assert isinstance(error, UserCodeError)
    assert error.trace.startswith("Traceback (most recent call last):\n")
    assert f'{project}/user_module.py", line' in error.trace and "in __getitem__" in error.trace
    assert "\nValueError: image 3 is broken\nat item " in error.trace
    assert "DataLoader" not in error.trace


def test_items_that_do_not_fit_together_in_a_worker(project: Path) -> None:
    write_module(
        project,
        ITEM.format(
            """if torch.utils.data.get_worker_info() is not None:
                image = image[:, :6 + index % 2]
            return image, label"""
        ),
    )
    backend = ready(project, resource__data_workers=1)
    error = failure(DataError, lambda: train(backend))
    assert "do not fit into one batch: RuntimeError" in error.message


def test_a_worker_that_dies(project: Path) -> None:
    write_module(
        project,
        ITEM.format(
            """if torch.utils.data.get_worker_info() is not None:
                import os, signal
                os.kill(os.getpid(), signal.SIGKILL)
            return image, label"""
        ),
    )
    backend = ready(project, resource__data_workers=1)
    error = failure(DataError, lambda: train(backend))
    assert "died" in error.message and "resource.data_workers: 0" in str(error.fix)
