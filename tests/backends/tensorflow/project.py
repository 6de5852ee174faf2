"""A small project: a user module over made-up images, its scenario, and a backend at any stage.

Tests change the module by appending Python to it, which may subclass what stands before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.kit import Arrays
from nasea.backends.base import AttachedBackend, Backend, TrainingBackend
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.config import Scenario
from user_files.tensorflow import PRE_NET

from .. import driving
from ..driving import PATHS_PER_UPDATE, random_genomes, space_of, train

__all__ = ["INTERFACE", "PATHS_PER_UPDATE", "random_genomes", "space_of", "train"]

load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.framework import TensorFlowFramework  # noqa: E402
from nasea.backends.tensorflow.user.interface import INTERFACE  # noqa: E402

LOSS = "loss_op(self, labels, logits)"
METRIC = "metrics_op(self, inputs, outputs)"
DATA = "build_dataset_search(self, dataset_dir, is_training)"

# Every candidate has to be traced anew in every test, so there are few.
SMALL = {
    "supernet__filters": [8, 12],
    "supernet__strides": [1, 2],
    "supernet__blocks": ["skip", "separable_k3", "basic_x0.5"],
}

# Images of ten classes, 8×8×1. The directory of a data set is the number of its images.
USER_MODULE = (
    """\
import numpy as np
import tensorflow as tf


def images_and_labels(n):
    classes = np.random.default_rng(0).random((10, 8, 8, 1), np.float32)
    generator = np.random.default_rng(n)
    labels = generator.integers(0, 10, n)
    return classes[labels] + 0.3 * generator.random((n, 8, 8, 1), np.float32), labels


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch, self.batch_size = epoch, batch_size

    def build_dataset_search(self, dataset_dir, is_training):
        n = int(dataset_dir)
        dataset = tf.data.Dataset.from_tensor_slices(images_and_labels(n))
        if is_training:
            dataset = dataset.shuffle(n)
        return dataset.batch(self.batch_size), n

    def lr_scheduler(self, lr_init, global_step):
        return lr_init * 0.9 ** tf.cast(global_step // 6, tf.float32)

    def metrics_op(self, inputs, outputs):
        return tf.reduce_mean(tf.cast(tf.argmax(outputs, 1) == inputs, tf.float32))

    def loss_op(self, labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
"""
    + PRE_NET
    + """

class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.classifier = tf.keras.layers.Dense(10)

    def call(self, inputs, training=True):
        return self.classifier(tf.reduce_mean(inputs, (1, 2)))
"""
)


def write_module(directory: Path, changes: str = "") -> None:
    """Write ``user_module.py``: the one above, then ``changes``."""
    driving.write_module(directory, USER_MODULE, changes)


def scenario(**changes: Any) -> Scenario:
    """A scenario with some of its keys, ``section__key`` or ``key``, replaced."""
    return driving.scenario("tensorflow", **SMALL | changes)


def opened(directory: Path, **changes: Any) -> Backend:
    """A backend that has imported the user's module."""
    return Backend(TensorFlowFramework(scenario(**changes), directory))


def attached(directory: Path, **changes: Any) -> AttachedBackend:
    """A backend with data open and the supernet built."""
    return driving.attach(opened(directory, **changes))


def ready(directory: Path, **changes: Any) -> TrainingBackend:
    """A backend that can train and measure."""
    return driving.ready(opened(directory, **changes))


def weights(backend: AttachedBackend) -> Arrays:
    """Copies of all variables of supernet, PreNet and PostNet, statistics included."""
    user_networks = {
        f"{network.name}/{index}": variable.numpy()
        for network in (backend.framework.pre_net, backend.framework.post_net)
        for index, variable in enumerate(network.model.variables)
    }
    return slots(backend) | user_networks


def slots(backend: AttachedBackend) -> dict[str, Any]:
    """Copies of the slots."""
    return {name: slot.numpy() for name, slot in backend.supernet.slots.items()}


def held(backend: AttachedBackend) -> Arrays:
    """Copies of all variables that UserModule holds."""
    trained, kept = backend.user.held()
    return {name: variable.numpy() for name, variable in (trained | kept).items()}
