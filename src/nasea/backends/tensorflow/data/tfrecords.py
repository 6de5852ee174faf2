"""Classification images in TFRecord files, with the same features as those of ImageNet.

``image/encoded`` is a JPEG or PNG file, ``image/class/label`` a class number. Files whose name, or
whose folder's name, begins with ``val`` contain the validation images. If there are none, every
tenth record is a validation image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.tfrecords import is_validation, record_files
from nasea.errors import DataError
from nasea.space import Shape

_KEPT_FOR_VALIDATION = 10
_FEATURES = {
    "image/encoded": tf.io.FixedLenFeature([], tf.string),
    "image/class/label": tf.io.FixedLenFeature([], tf.int64),
}


_FILES_AT_ONCE = 16
_SHUFFLED_BYTES = 256 * 1024**2
"""Size of the shuffle buffer, bytes of encoded images."""


@dataclass(frozen=True)
class Survey:
    """The content of the TFRecord files of a directory, found by reading every record once.

    Attributes:
        directory: the directory.
        files: all files.
        counts: number of records in each file.
        classes: one more than the largest class number.
    """

    directory: Path
    files: tuple[Path, ...]
    counts: tuple[int, ...]
    classes: int

    @cached_property
    def has_apart(self) -> bool:
        """Whether there are separate files of validation images."""
        return any(is_validation(path, self.directory) for path in self.files)


def survey(directory: Path) -> Survey:
    """Count the records and the classes, reading several files in parallel.

    Raises:
        DataError: a file is damaged or has other features.
    """
    files = record_files(directory)

    def look(path: Any) -> Any:
        labels = tf.data.TFRecordDataset(path).map(_label)
        start = tf.constant(0, tf.int64), tf.constant(-1, tf.int64)
        return labels.reduce(start, lambda sums, x: (sums[0] + 1, tf.maximum(sums[1], x)))

    paths = tf.data.Dataset.from_tensor_slices([str(path) for path in files])
    try:
        found = [
            (int(count), int(largest))
            for count, largest in paths.map(look, num_parallel_calls=tf.data.AUTOTUNE)
        ]
    except tf.errors.OpError as error:
        raise unreadable(directory, error) from error
    counts = tuple(count for count, _ in found)
    return Survey(directory, tuple(files), counts, 1 + max(largest for _, largest in found))


@dataclass(frozen=True)
class RecordImages:
    """The still encoded images of one part of a data set.

    Attributes:
        survey: the content of the files.
        is_training: whether this is the training part.
        shape: (channels, height, width) to which every image is resized.
    """

    survey: Survey
    is_training: bool
    shape: Shape

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.survey.classes

    @cached_property
    def _chosen(self) -> list[int]:
        """The files to read."""
        survey = self.survey
        wanted = survey.has_apart and not self.is_training
        numbers = range(len(survey.files))
        return [n for n in numbers if is_validation(survey.files[n], survey.directory) == wanted]

    def __len__(self) -> int:
        """Return the number of images."""
        return sum(len(self._kept(number)) for number in self._chosen)

    def _kept(self, number: int) -> np.ndarray:
        """Return the records of a file that belong to this part."""
        first = sum(self.survey.counts[:number])
        places = np.arange(self.survey.counts[number])
        if self.survey.has_apart:
            return places
        chosen: np.ndarray = places[
            ((first + places) % _KEPT_FOR_VALIDATION == 0) != self.is_training
        ]
        return chosen

    def elements(self, shuffled: bool) -> Any:
        """Return a data set of records, for :meth:`read`.

        Args:
            shuffled: whether to shuffle the files, and the records of several files at a time in a
                buffer of limited size.
        """
        survey = self.survey
        files = [str(survey.files[number]) for number in self._chosen]
        firsts = [sum(survey.counts[:number]) for number in self._chosen]
        dataset = tf.data.Dataset.from_tensor_slices((files, np.array(firsts, np.int64)))
        if shuffled:
            dataset = dataset.shuffle(len(files))
        dataset = dataset.interleave(
            self._records,
            cycle_length=min(_FILES_AT_ONCE, len(files)) if shuffled else 1,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        if shuffled:
            size = sum(survey.files[number].stat().st_size for number in self._chosen)
            mean = max(1, size // max(1, len(self)))
            dataset = dataset.shuffle(min(len(self), max(1, _SHUFFLED_BYTES // mean)))
        return dataset

    def read(self, record: Any) -> tuple[Any, Any]:
        """Return (image (H, W, C) in [0, 1], class number) of a record, in a graph."""
        channels, height, width = self.shape
        item = tf.io.parse_single_example(record, _FEATURES)
        image = tf.io.decode_image(item["image/encoded"], channels, expand_animations=False)
        image = tf.image.resize(tf.cast(image, tf.float32) / 255.0, (height, width))
        return tf.ensure_shape(image, (height, width, channels)), item["image/class/label"]

    def _records(self, path: Any, first: Any) -> Any:
        records = tf.data.TFRecordDataset(path)
        if self.survey.has_apart:
            return records
        numbered = records.enumerate(first)
        kept = numbered.filter(
            lambda number, _: (number % _KEPT_FOR_VALIDATION == 0) != self.is_training
        )
        return kept.map(lambda _, record: record)


def unreadable(directory: Path, error: Any) -> DataError:
    """Return the error for a file that cannot be read."""
    return DataError(
        f"{directory}: a TFRecord file cannot be read: {str(error.message).splitlines()[0]}",
        fix="write records with the features image/encoded and image/class/label",
    )


def _label(record: Any) -> Any:
    return tf.io.parse_single_example(record, _FEATURES)["image/class/label"]
