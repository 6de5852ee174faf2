"""Classification of image files: what pre-training trains where the user wrote no module."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.image_folder import augmented, is_image_folder, open_folder, read_image
from nasea.backends.tensorflow.data.tfrecords import open_records
from nasea.config import Scenario
from nasea.space import Shape


def folder_module(pre_net: type, scenario: Scenario) -> SimpleNamespace:
    """A classification module, as a user would write it, around the user's PreNet.

    Args:
        pre_net: the user's class.
        scenario: the derived classification scenario; its train_dir holds a folder of images for
            each class, or TFRecord files.

    Raises:
        DataError: the directory holds no classes of images.
    """
    shape = scenario.supernet.input_chw
    first = scenario.supernet.data_format == "channels_first"
    _, _, classes = _images(Path(scenario.dataset.train_dir), True, shape)

    class UserModule:
        def __init__(self, epoch: int, batch_size: int) -> None:
            self.epochs, self.batch_size = epoch, batch_size
            self.batches = 1

        def build_dataset_search(self, dataset_dir: str, is_training: bool) -> tuple[Any, int]:
            dataset, count, _ = _images(Path(dataset_dir), is_training, shape)
            if is_training:
                self.batches = max(1, count // self.batch_size)
                dataset = dataset.shuffle(min(count, 10_000)).map(_augmented)
            if first:
                dataset = dataset.map(lambda image, label: (tf.transpose(image, (2, 0, 1)), label))
            return dataset.batch(self.batch_size), count

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


def _images(directory: Path, is_training: bool, shape: Shape) -> tuple[Any, int, int]:
    """(data set of images (H, W, C) in [0, 1] and class numbers, their number, classes)."""
    if not is_image_folder(directory):
        records = open_records(directory, is_training, shape)
        return records.dataset, records.count, records.classes
    found = open_folder(directory, is_training, shape)
    channels, height, width = shape

    def read(path: Any) -> Any:
        image = tf.numpy_function(
            lambda name: read_image(Path(name.decode()), shape), [path], tf.float32
        )
        return tf.ensure_shape(image, (height, width, channels))

    files = [str(path) for path in found.files]
    dataset = tf.data.Dataset.from_tensor_slices((files, list(found.labels)))
    return dataset.map(lambda path, label: (read(path), label)), len(found), len(found.classes)


def _augmented(image: Any, label: Any) -> tuple[Any, Any]:
    # The seed is drawn in the graph, where the run's seed reaches; NumPy does the rest.
    seed = tf.random.uniform((), maxval=2**31 - 1, dtype=tf.int32)
    moved = tf.numpy_function(
        lambda pixels, number: np.ascontiguousarray(
            augmented(pixels, np.random.default_rng(int(number)))
        ),
        [image, seed],
        tf.float32,
    )
    return tf.ensure_shape(moved, image.shape), label
