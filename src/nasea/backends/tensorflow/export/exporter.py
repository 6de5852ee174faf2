"""The exporter for TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.export.calibration import in_chunks
from nasea.backends.export.exporter import Array, Run, Written
from nasea.backends.export.formats import Format
from nasea.backends.export.host.litert import float_operators, load_tflite
from nasea.backends.export.timing import median_seconds
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.scoring.scorer import measured
from nasea.backends.tensorflow.data.datasets import Data
from nasea.backends.tensorflow.export.runtimes import (
    LOADERS,
    load_frozen,
    load_saved_model,
    seconds_alone,
)
from nasea.backends.tensorflow.export.writers import (
    by_batch,
    names_of,
    traced,
    write_frozen,
    write_saved_model,
    write_tflite,
)
from nasea.backends.tensorflow.network.layers import Network
from nasea.backends.tensorflow.scoring.scorer import memory, metric
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.tensorflow.user.variables import count_parameters
from nasea.backends.user.nesting import restore


class TensorFlowExporter:
    """See :class:`nasea.backends.export.exporter.Exporter`.

    Args:
        network: the network, with its weights.
        data: validation images, and training images to calibrate int8 with.
        user: the user's metric.
        draws: keys the random operations of the metric.
        seed: restores the random state that the metric has in a search.
    """

    def __init__(
        self, network: Network, data: Data, user: UserCode, draws: Draws, seed: int
    ) -> None:
        self.network = network
        self.data = data
        self.draws = draws
        self.seed = seed
        self._shape = data.scenario.supernet.input_shape
        images, _ = next(iter(data.evaluation(None, None)))
        with user.guard("PreNet, PostNet: call(inputs, training)"):
            self._structure = network(images[:1], training=False)
        self._function: Any = None
        try:
            self._function = traced(network, self.outputs, None, self._shape)
        except Exception:  # PreNet or PostNet reads the batch size
            self._by_batch = by_batch(network, self.outputs)

    @property
    def parameters(self) -> int:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return count_parameters(self.network)

    @property
    def outputs(self) -> tuple[str, ...]:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return names_of(self._structure)

    @property
    def run(self) -> Run:
        """See :class:`nasea.backends.export.exporter.Exporter`."""

        def run(images: Array) -> list[Array]:
            function = self._function or self._by_batch
            return [tensor.numpy() for tensor in function(tf.constant(images))]

        return run

    @property
    def needs_batch(self) -> bool:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return self._function is None

    def images(self) -> Iterator[Array]:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        for images, _ in self.data.evaluation(None, None):
            yield images.numpy()

    def measure(self, run: Run) -> Measurement:
        """See :class:`nasea.backends.export.exporter.Exporter`."""

        def outputs(images: Any) -> Any:
            return restore(self._structure, tf.Tensor, iter(run(images.numpy())), tf.constant)

        self.data.prepare(None, None)
        asked = self.data, self.draws, self.seed, outputs, EvaluationSubset()
        return measured(memory, lambda: metric(*asked))

    def training_images(self, count: int) -> Array:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return np.concatenate([each.numpy() for each in self.data.training_images(count)])

    def write(
        self, format: Format, path: Path, batch: int | None, calibration: Array | None
    ) -> Written:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        function = self._function
        if batch is not None:
            function = traced(self.network, self.outputs, batch, self._shape)
        if format.name == "pb":
            write_frozen(function, path)
        elif format.name == "savedmodel":
            write_saved_model(function, self.outputs, self.network, path)
        else:
            examples = None
            if calibration is not None:
                examples = lambda: in_chunks(calibration, batch or 1)  # noqa: E731
            write_tflite(function, path, format.precision, examples)
            if format.precision == "int8":
                return Written(in_float32=float_operators(path))
        return Written()

    def load(self, format: Format, path: Path) -> Run:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        if format.name == "pb":
            return load_frozen(path, self.outputs)
        if format.name == "savedmodel":
            return load_saved_model(path, self.outputs)
        return load_tflite(path)

    def seconds(self, format: Format, path: Path, images: int) -> float:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        shape = (images, *self._shape)
        if format.name in LOADERS:
            return seconds_alone(format.name, path, self.outputs, shape)
        noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        run = load_tflite(path, threads=1)
        return median_seconds(lambda: run(noise))
