"""The network as a user's metric of whole data sets calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


class MetricModel:
    """A callable like a Keras model in inference mode: images to the network's output.

    Args:
        run: (N, …) float32 images to the output.
    """

    def __init__(self, run: Callable[[Any], Any]) -> None:
        self._run = run

    def __call__(self, inputs: Any, training: Any = False, mask: Any = None) -> Any:
        """Return the output, as tensors, for an array or a tensor of images of any number type.

        Raises:
            ValueError: in training mode, in which nothing is scored.
        """
        if training is not None and bool(training):
            raise ValueError("networks are scored in inference mode: model(images, training=False)")
        return self._run(tf.cast(tf.convert_to_tensor(inputs), tf.float32))

    call = __call__

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Return the output, as arrays, for any number of images."""
        images = np.asarray(x)
        size = batch_size or 32
        parts = [self.predict_on_batch(images[i : i + size]) for i in range(0, len(images), size)]
        return tf.nest.map_structure(_joined, *parts)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the output, as arrays, for a batch of images."""
        return tf.nest.map_structure(lambda x: x.numpy() if tf.is_tensor(x) else x, self(x))


def _joined(*parts: Any) -> Any:
    """Arrays in one; what is none, such as None for an output that is left out, as it is."""
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else parts[0]
