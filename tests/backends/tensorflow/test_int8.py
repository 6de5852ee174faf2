"""TensorFlow scores and trains as its int8 files compute: the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from contracts.int8 import Int8Contract
from nasea.backends.tensorflow.network.fake_quantisation import (
    Observer,
    OwnRanges,
    Rounder,
    fake_quantised,
)
from nasea.backends.tensorflow.network.operations import (
    OPERATIONS,
    given_statistics,
    norms_of,
    slot_layout,
)
from nasea.space import Genome, Program

from . import project as small_project
from .test_score import LOSS_METRIC


class TestInt8(Int8Contract):
    kit = small_project
    framework = "tensorflow"
    format = "tflite-int8"
    loss_metric = LOSS_METRIC

    def run(
        self, program: Program, weights: Mapping[str, np.ndarray], images: np.ndarray
    ) -> np.ndarray:
        slots = {
            name: tf.constant(
                np.transpose(value, slot_layout(range(4))) if value.ndim == 4 else value
            )
            for name, value in weights.items()
        }
        norms = [value for norm in norms_of(program) for value in (0.0, 1.0)
                 for value in [tf.fill((norm.channels,), value)]]  # fmt: skip

        def network(x: Any) -> Any:
            return OPERATIONS.run(program, x, slots, given_statistics(norms))

        @tf.function(autograph=False)
        def observed(x: Any) -> Any:
            seen: list[Observer] = []

            def tracker(inputs: Any) -> Observer:
                seen.append(Observer(inputs))
                return seen[0]

            fake_quantised(network, tracker, x)
            return seen[0].ranges

        x = tf.constant(images.transpose(0, 2, 3, 1))
        lows, highs = observed(x)
        round_it = tf.function(
            lambda x: fake_quantised(network, lambda inputs: Rounder(inputs, lows, highs), x),
            autograph=False,
        )
        found: np.ndarray = round_it(x).numpy().transpose(0, 3, 1, 2)
        return found

    def outputs(self, backend: Any, genome: Genome, images: np.ndarray) -> np.ndarray:
        prefix = backend.scorer.prefix(None, 0)
        with backend.scorer.calibrated_path(genome, 0, prefix, False, True) as path:
            return np.asarray(backend.scorer.evaluate(path)(tf.constant(images)))


def test_training_computes_from_the_logits_of_a_softmax() -> None:
    model = tf.keras.Sequential([tf.keras.layers.Dense(3, activation="softmax")])
    x = tf.constant([[40.0, -40.0], [1.0, 2.0]])
    model(x)
    model.layers[0].kernel.assign([[0.5, 0.05, 0.0], [-0.5, -0.05, 0.0]])

    @tf.function(autograph=False)
    def step(x: Any) -> Any:
        outputs = fake_quantised(lambda x: model(x, training=True), OwnRanges, x)
        loss = tf.keras.losses.sparse_categorical_crossentropy([2, 2], outputs)
        return outputs, loss, tf.gradients(loss, model.layers[0].kernel)[0]

    outputs, loss, gradient = step(x)
    assert (outputs.numpy() > 0).all()
    assert np.isclose(loss.numpy()[0], 40, rtol=0.02), "not cut off at 1e-7"
    assert np.abs(gradient.numpy()).max() > 1
