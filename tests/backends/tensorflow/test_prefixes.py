"""Shared beginnings with TensorFlow: the contract, and what its modules may keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from contracts.sharing import SharingContract
from nasea.backends.base import AttachedBackend
from nasea.backends.scoring.prefix_cache import Digest
from nasea.backends.tensorflow.network.supernet import Supernet
from nasea.backends.tensorflow.scoring import scorer as score
from nasea.backends.tensorflow.scoring.prefix_cache import CalibratedPath, Prefix, add_outputs
from nasea.space import Genome

from . import project as small_project
from .project import random_genomes
from .test_score import DRAWING, LOSS_METRIC

PRE_NET_COUNTS = """
    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0.0, trainable=False)

        def call(self, inputs, training=True):
            self.calls.assign_add(1.0)
            return super().call(inputs, training) * (1 + 0.1 * self.calls)
"""

TIED_BY_A_VARIABLE = """
    left = tf.Variable(0.0, trainable=False)

    class PreNet(PreNet):
        def call(self, inputs, training=True):
            left.assign(tf.reduce_mean(inputs))
            return super().call(inputs, training)

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            return super().call(inputs, training) + left * tf.range(10.0)
"""

TIED_BY_RANDOM_NUMBERS = """
    class PreNet(PreNet):
        def call(self, inputs, training=True):
            noise = tf.numpy_function(lambda: np.float32(np.random.rand()), [], tf.float32)
            return super().call(inputs + 0.1 * tf.ensure_shape(noise, ()), training)

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            noise = tf.numpy_function(lambda: np.float32(np.random.rand()), [], tf.float32)
            return super().call(inputs + 0.1 * tf.ensure_shape(noise, ()), training)
"""

POST_NET_DRAWS = """
    class PostNet(PostNet):
        def call(self, inputs, training=True):
            return super().call(inputs + 0.1 * tf.random.normal(tf.shape(inputs)), training)
"""

FAILS_ON_SOME = """
    class UserModule(UserModule):
        def metrics_op(self, inputs, outputs):
            tf.debugging.assert_positive(tf.reduce_sum(outputs))
            return super().metrics_op(inputs, outputs)
"""

TAPPING = """
    class PostNet(PostNet):
        def call(self, inputs, training=True):
            first, last = inputs
            return super().call(last) * (1 + tf.reduce_mean(first, (1, 2, 3))[:, None])
"""


class TestSharing(SharingContract):
    kit = small_project
    score = score
    loss_metric = LOSS_METRIC
    tapping = TAPPING
    habits = {  # noqa: RUF012 - read only
        "none": "",
        "PreNet counts": PRE_NET_COUNTS,
        "PostNet draws": POST_NET_DRAWS,
        "drawing": DRAWING,
        "tied by a variable": TIED_BY_A_VARIABLE,
        "tied by random numbers": TIED_BY_RANDOM_NUMBERS,
        "failing": FAILS_ON_SOME,
    }
    tied = ("tied by a variable", "tied by random numbers")

    def random_genomes(self, backend: AttachedBackend, count: int) -> list[Genome]:
        return random_genomes(backend.supernet.space, count)

    def tensor(self, array: np.ndarray) -> tf.Tensor:
        return tf.constant(array)

    def record(self, digest: Digest, outputs: object) -> None:
        add_outputs(digest, outputs)

    def count_layers(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        counts: list[int] = []
        estimate, infer = Supernet.statistics, Supernet.infer

        def estimating(
            net: Supernet, genome: Genome, outputs: list[list[Any]], *rest: Any
        ) -> tuple[Any, list[Any]]:
            counts.extend([len(net.space.layers) + 1 - len(outputs)] * len(outputs[0]))
            return estimate(net, genome, outputs, *rest)

        def inferring(
            net: Supernet,
            genome: Genome,
            statistics: Any,
            outputs: list[Any],
            *rest: Any,
            **named: Any,
        ) -> list[Any]:
            counts.append(len(net.space.layers) + 1 - len(outputs))
            return infer(net, genome, statistics, outputs, *rest, **named)

        monkeypatch.setattr(Supernet, "statistics", estimating)
        monkeypatch.setattr(Supernet, "infer", inferring)
        return counts

    def crowd(
        self, monkeypatch: pytest.MonkeyPatch, backend: AttachedBackend, in_metric: bool
    ) -> None:
        scorer = backend.scorer
        name = "infer" if in_metric else "statistics"
        original = getattr(Supernet, name)

        def crowded(*args: Any, **named: Any) -> Any:
            assert scorer.sharing.cache is not None
            if scorer.sharing.cache.is_filled:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
            return original(*args, **named)

        monkeypatch.setattr(Supernet, name, crowded)


def test_outputs_are_those_of_the_same_images_only() -> None:
    images, outputs = tf.random.normal((4, 2, 2, 1)), [tf.zeros((4, 1)), tf.ones((4, 1))]
    path = CalibratedPath((0, 1), [], [], outputs, validation=[(images, outputs), (None, [])])
    prefix = Prefix(path, 1)
    assert prefix.validation(0, images) == outputs[:1]
    assert prefix.validation(0, tf.identity(images)) == outputs[:1]
    for other in (images + 1e-6, images[:3], tf.cast(images, tf.float64)):
        assert prefix.validation(0, other) == []
    assert prefix.validation(1, images) == prefix.validation(2, images) == []


def test_a_digest_takes_in_every_type() -> None:
    found, none = Digest(), Digest()
    add_outputs(found, tf.constant(1.0, tf.bfloat16))
    assert found.value != none.value
