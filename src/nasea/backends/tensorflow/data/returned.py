"""The valid results of ``build_dataset_search`` for each task."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from nasea.backends.tensorflow.user.describe import describe
from nasea.errors import UserModuleError


class Evaluation(NamedTuple):
    """The evaluation data of a detection module.

    Attributes:
        generator: yields batches, images first.
        dataset: the user's data set, with ``image_ids``.
        images: number of images.
    """

    generator: Iterable[Any]
    dataset: Any
    images: int


@dataclass(frozen=True)
class Words:
    """The terms that messages use for the data of a task.

    Attributes:
        training: the training data.
        validation: the validation data.
        train_count: the number of training images in the result of ``build_dataset_search``.
        val_count: the number of validation images in that result.
        pairs: what an element must be, and the fix if it is something else.
        unbatched: the fix if an element is a single image.
        short: the fix if there are fewer images than stated.
    """

    training: str
    validation: str
    train_count: str
    val_count: str
    pairs: tuple[str, str]
    unbatched: str
    short: str


def pipeline(returned: object, file: str) -> tuple[Any, int]:
    """Return (dataset, data_num) of classification and segmentation.

    Args:
        returned: the result of ``build_dataset_search``.
        file: name of the module's file, for messages.

    Raises:
        UserModuleError: the result is something else.
    """
    rule = f"{file}: build_dataset_search must return (dataset, data_num)"
    if not isinstance(returned, list | tuple) or len(returned) != 2:
        raise UserModuleError(f"{rule}, found {describe(returned)}")
    dataset, count = returned
    if not isinstance(dataset, tf.data.Dataset):
        raise UserModuleError(
            f"{rule} with a tf.data.Dataset, found {type(dataset).__name__}",
            fix="make one of a generator with tf.data.Dataset.from_generator",
        )
    return dataset, _whole(count, f"{rule} with data_num")


def training_generator(returned: object, file: str) -> tuple[Iterable[Any], int]:
    """Return (train_generator, train_dataset_size) of detection.

    Args:
        returned: the result of ``build_dataset_search``.
        file: name of the module's file, for messages.

    Raises:
        UserModuleError: the result is something else.
    """
    rule = (
        f"{file}: build_dataset_search must return (train_generator, train_dataset_size) for "
        "is_training=True"
    )
    if not isinstance(returned, list | tuple) or len(returned) != 2:
        raise UserModuleError(f"{rule}, found {describe(returned)}")
    generator, count = returned
    _require_iterable(generator, rule)
    return generator, _whole(count, f"{rule} with train_dataset_size")


def evaluation(returned: object, file: str) -> Evaluation:
    """Return (val_generator, val_dataset, val_dataset_size); the first two may be given in a list.

    Args:
        returned: the result of ``build_dataset_search``.
        file: name of the module's file, for messages.

    Raises:
        UserModuleError: the result is something else.
    """
    rule = (
        f"{file}: build_dataset_search must return (val_generator, val_dataset, val_dataset_size) "
        "for is_training=False"
    )
    parts = list(returned) if isinstance(returned, list | tuple) else []
    if len(parts) == 2 and isinstance(parts[0], list | tuple) and len(parts[0]) == 2:
        parts = [*parts[0], parts[1]]
    if len(parts) != 3:
        raise UserModuleError(f"{rule}, found {describe(returned)}")
    generator, dataset, count = parts
    _require_iterable(generator, rule)
    return Evaluation(generator, dataset, _whole(count, f"{rule} with val_dataset_size"))


def _require_iterable(generator: object, rule: str) -> None:
    if not isinstance(generator, Iterable) or isinstance(generator, str | dict):
        kind = type(generator).__name__
        fix = "return a generator: call the function that yields, e.g. data.generate(…)"
        raise UserModuleError(f"{rule} with a generator of batches, found {kind}", fix=fix)


def _whole(count: Any, rule: str) -> int:
    if isinstance(count, tf.Tensor | np.ndarray) and math.prod(count.shape) == 1:
        count = np.asarray(count).item()
    whole = isinstance(count, numbers.Real) and not isinstance(count, bool)
    if not whole or not math.isfinite(count) or count != int(count):
        raise UserModuleError(f"{rule} the number of images, found {describe(count)} {count!r}")
    return int(count)
