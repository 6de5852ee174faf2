"""Classification images in TFRecord files, with the features that ImageNet's have.

``image/encoded`` is a JPEG or PNG file, ``image/class/label`` a class number. Files whose name, or
whose folder's name, begins with ``val`` are validation images; where there are none, every tenth
record is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from nasea.backends.data.tfrecords import is_validation, record_files
from nasea.errors import DataError
from nasea.space import Shape

_KEPT_FOR_VALIDATION = 10
_FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/class/label": tf.io.FixedLenFeature([], tf.int64),
}


@dataclass(frozen=True)
class RecordImages:
    """Images of one half of a data set.

    Attributes:
        dataset: of (image (H, W, C) in [0, 1], class number).
        count: how many there are.
        classes: one more than the largest class number of all.
    """

    dataset: Any
    count: int
    classes: int


def open_records(directory: Path, is_training: bool, shape: Shape) -> RecordImages:
    """The training or the validation images.

    Raises:
        DataError: a file is damaged or has other features.
    """
    files = record_files(directory)
    apart = [path for path in files if is_validation(path, directory)]
    rest = [path for path in files if path not in apart]
    try:
        classes = 1 + max(_labels(files))
        chosen = apart if apart and not is_training else rest
        dataset = tf.data.TFRecordDataset([str(path) for path in chosen])
        if not apart:
            dataset = dataset.enumerate()
            dataset = dataset.filter(
                lambda i, _: (i % _KEPT_FOR_VALIDATION == 0) != is_training
            ).map(lambda _, record: record)
        count = int(dataset.reduce(0, lambda n, _: n + 1))
    except tf.errors.OpError as error:
        raise DataError(
            f"{directory}: a TFRecord file cannot be read: {str(error.message).splitlines()[0]}",
            fix="write records with the features image/encoded and image/class/label",
        ) from error
    return RecordImages(dataset.map(lambda record: _decoded(record, shape)), count, classes)


def _labels(files: Sequence[Path]) -> list[int]:
    records = tf.data.TFRecordDataset([str(path) for path in files])
    parsed = records.map(lambda record: tf.io.parse_single_example(record, _FEATURES))
    return [int(item["image/class/label"]) for item in parsed]


def _decoded(record: Any, shape: Shape) -> tuple[Any, Any]:
    channels, height, width = shape
    item = tf.io.parse_single_example(record, _FEATURES)
    image = tf.io.decode_image(item["image/encoded"], channels, expand_animations=False)
    image = tf.image.resize(tf.cast(image, tf.float32) / 255.0, (height, width))
    return tf.ensure_shape(image, (height, width, channels)), item["image/class/label"]
