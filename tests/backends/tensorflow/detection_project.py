"""The small project with its data given as for detection: endless generators, a metric of all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasea.backends.base import AttachedBackend, Backend, TrainingBackend
from nasea.config import Scenario

from .. import driving
from ..driving import train
from . import project
from .project import INTERFACE, LOSS, METRIC, slots, weights

__all__ = ["DATA", "INTERFACE", "LOSS", "METRIC", "slots", "train", "weights"]

from nasea.backends.tensorflow.framework import TensorFlowFramework  # noqa: E402

DATA = "build_dataset_search(self, dataset_dir, is_training, is_shuffle)"

USER_MODULE = (
    project.USER_MODULE
    + '''

from math import ceil
from types import SimpleNamespace


def endless(parts, batch_size, is_shuffle):
    """Batches of the parts, over and over; the last of a pass maybe smaller."""
    count = len(parts[0])
    while True:
        order = np.random.permutation(count) if is_shuffle else np.arange(count)
        for first in range(0, count, batch_size):
            yield tuple(part[order[first : first + batch_size]] for part in parts)


class UserModule(UserModule):
    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        n = int(dataset_dir)
        images, labels = images_and_labels(n)
        if is_training:
            return endless((images, labels), self.batch_size, is_shuffle), n
        ids = np.arange(n) + 100
        boxes = [np.array([[label, 0, 0, 8, 8]]) for label in labels]
        dataset = SimpleNamespace(image_ids=ids.tolist(), labels=boxes)
        return [endless((images, ids, labels), self.batch_size, False), dataset], n

    def metrics_op(self, inputs, outputs):
        (_, model), (generator, _, size) = inputs, outputs
        batches = [next(generator) for _ in range(ceil(size / self.batch_size))]
        values = [self.of_batch(labels, model(images)) for images, _, labels in batches]
        return float(np.average(values, weights=[len(images) for images, _, _ in batches]))

    def of_batch(self, labels, outputs):
        return np.mean(np.argmax(outputs, 1) == labels)
'''
)


def write_module(directory: Path, changes: str = "") -> None:
    """Write ``user_module.py``: the one above, then ``changes``."""
    driving.write_module(directory, USER_MODULE, changes)


def scenario(**changes: Any) -> Scenario:
    """The small project's, for detection."""
    return project.scenario(task="detection", **changes)


def opened(directory: Path, **changes: Any) -> Backend:
    """A backend that has imported the user's module."""
    return Backend(TensorFlowFramework(scenario(**changes), directory))


def attached(directory: Path, **changes: Any) -> AttachedBackend:
    """A backend with data open and the supernet built."""
    return driving.attach(opened(directory, **changes))


def ready(directory: Path, **changes: Any) -> TrainingBackend:
    """A backend that can train and measure."""
    return driving.ready(opened(directory, **changes))
