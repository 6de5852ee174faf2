"""Classification of image files, for pre-training without a user's module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.image_folder import (
    FolderImages,
    augmented,
    is_image_folder,
    open_folder,
    read_image,
)
from nasea.backends.tensorflow.data.sources import current_shard
from nasea.backends.tensorflow.data.tfrecords import RecordImages, survey
from nasea.config import Scenario
from nasea.space import Shape

_SEEDS = 2**31 - 1


def folder_module(pre_net: type, scenario: Scenario) -> SimpleNamespace:
    """Return a classification module, as a user would write it, around the user's PreNet.

    Args:
        pre_net: the user's PreNet class.
        scenario: the derived classification scenario; its train_dir contains a folder of images for
            each class, or TFRecord files.

    Raises:
        DataError: the directory contains no classes of images.
    """
    shape = scenario.supernet.input_chw
    first = scenario.supernet.data_format == "channels_first"

    @cache
    def images_of(directory: str, is_training: bool) -> RecordImages | _FileImages:
        """Return the listed files; the folder is read once, not for every epoch."""
        return _images(Path(directory), is_training, shape)

    classes = images_of(scenario.dataset.train_dir, True).classes

    class UserModule:
        def __init__(self, epoch: int, batch_size: int) -> None:
            self.epochs, self.batch_size = epoch, batch_size
            self.batches = 1

        def build_dataset_search(self, dataset_dir: str, is_training: bool) -> tuple[Any, int]:
            images = images_of(dataset_dir, is_training)
            if is_training:
                self.batches = max(1, len(images) // self.batch_size)
            dataset = _decoded(images, is_training, self.batch_size)
            if first:
                dataset = dataset.map(lambda image, label: (tf.transpose(image, (2, 0, 1)), label))
            return dataset.batch(self.batch_size), len(images)

        def lr_scheduler(self, lr_init: float, global_step: Any) -> Any:
            share = tf.cast(global_step, tf.float32) / (self.epochs * self.batches)
            return lr_init * 0.5 * (1 + tf.cos(np.pi * tf.minimum(share, 1.0)))

        def metrics_op(self, inputs: Any, outputs: Any) -> Any:
            right = tf.equal(tf.argmax(outputs, 1), tf.cast(inputs, tf.int64))
            return tf.reduce_mean(tf.cast(right, tf.float32))

        def loss_op(self, labels: Any, logits: Any) -> Any:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    class PostNet(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.classifier = tf.keras.layers.Dense(classes)

        def call(self, inputs: Any, training: bool = True) -> Any:
            return self.classifier(tf.reduce_mean(inputs, (2, 3) if first else (1, 2)))

    return SimpleNamespace(UserModule=UserModule, PreNet=pre_net, PostNet=PostNet)


@dataclass(frozen=True)
class _FileImages:
    """Image files, one folder per class; same interface as :class:`RecordImages`."""

    found: FolderImages

    @property
    def classes(self) -> int:
        return len(self.found.classes)

    @property
    def shape(self) -> Shape:
        return self.found.shape

    def __len__(self) -> int:
        return len(self.found)

    def elements(self, shuffled: bool) -> Any:
        """Return a data set of paths and class numbers."""
        files = [str(path) for path in self.found.files]
        labels = np.array(self.found.labels, np.int64)
        dataset = tf.data.Dataset.from_tensor_slices((files, labels))
        return dataset.shuffle(len(files)) if shuffled else dataset

    def read(self, path: Any, label: Any) -> tuple[Any, Any]:
        channels, height, width = self.found.shape
        image = tf.numpy_function(
            lambda name: read_image(Path(name.decode()), self.found.shape), [path], tf.float32
        )
        return tf.ensure_shape(image, (height, width, channels)), label


def _images(directory: Path, is_training: bool, shape: Shape) -> RecordImages | _FileImages:
    if is_image_folder(directory):
        return _FileImages(open_folder(directory, is_training, shape))
    return RecordImages(survey(directory), is_training, shape)


def _decoded(images: RecordImages | _FileImages, is_training: bool, batch_size: int) -> Any:
    """Return a data set of (image (H, W, C), class number); shuffled and augmented for training.

    Paths or records are shuffled, not images. Images are decoded in parallel, in order.
    """
    elements = images.elements(shuffled=is_training)
    if not is_training:
        return elements.map(images.read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    # The seeds are drawn in the graph, one after another, where the run's seed applies.
    drawn = elements.map(lambda *one: (one, tf.random.uniform((), maxval=_SEEDS, dtype=tf.int32)))
    size, rank = current_shard()
    # In the last steps, which do not have a batch for every rank, ranks share batches.
    whole = len(images) // (batch_size * size) * size

    def read(number: Any, drawn: Any) -> tuple[Any, Any]:
        element, seed = drawn
        batch = number // batch_size
        mine = tf.logical_or(batch >= whole, batch % size == rank)
        return tf.cond(
            mine,
            lambda: _augmented(*images.read(*element), seed),
            lambda: (tf.zeros(pixels), tf.constant(0, tf.int64)),
        )

    pixels = tuple(images.shape[axis] for axis in (1, 2, 0))
    numbered = drawn.enumerate()
    return numbered.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _augmented(image: Any, label: Any, seed: Any) -> tuple[Any, Any]:
    moved = tf.numpy_function(
        lambda pixels, number: np.ascontiguousarray(
            augmented(pixels, np.random.default_rng(int(number)))
        ),
        [image, seed],
        tf.float32,
    )
    return tf.ensure_shape(moved, image.shape), label
