"""Training with TensorFlow: the contract, and what only TensorFlow has."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from contracts.kit import same
from contracts.training import TrainingContract
from nasea.backends.tensorflow.training.state import pack, unpack

from . import project as small_project
from .project import ready, train, weights, write_module

COUNTED = """
    SEEN = []

    def images_and_labels(n):
        return np.random.default_rng(n).random((n, 8, 8, 1), np.float32), np.arange(n)

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            SEEN.extend(labels.numpy())
            return super().loss_op(labels % 10, logits)
"""

RANDOM_DATA = """
    import random

    def shaken(image):
        return image + np.float32(0.1 * (random.random() + np.random.rand()))

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            n = int(dataset_dir)
            dataset = tf.data.Dataset.from_tensor_slices(images_and_labels(n))
            if is_training:
                dataset = dataset.shuffle(n).map(self.augmented)
            return dataset.batch(self.batch_size), n

        def augmented(self, image, label):
            image = image + 0.1 * tf.random.uniform(())
            return tf.ensure_shape(tf.numpy_function(shaken, [image], tf.float32), (8, 8, 1)), label

    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.dropout = tf.keras.layers.Dropout(0.2)

        def call(self, inputs, training=True):
            return self.dropout(super().call(inputs, training), training=training)
"""

DIGITS = """
    from sklearn.datasets import load_digits

    def images_and_labels(n):
        digits = load_digits()
        return np.float32(digits.images[:n, ..., None] / 16), digits.target[:n]

    UserModule.lr_scheduler = lambda self, lr_init, global_step: lr_init
"""

FAILS_LATER = """
    class UserModule(UserModule):
        def __init__(self, epoch, batch_size):
            super().__init__(epoch, batch_size)
            self.calls = tf.Variable(0)

        def loss_op(self, labels, logits):
            calls = self.calls.assign_add(1)  # four times in two updates; the probe leaves no trace
            factor = tf.where(calls > 4, float("nan"), 1.0)
            return factor * super().loss_op(labels, logits)
"""

FULL_DEVICE = """
    class UserModule(UserModule):
        calls = 0
        def loss_op(self, labels, logits):
            loss = super().loss_op(labels, logits)
            loss.numpy()  # has to run eagerly
            UserModule.calls += 1
            if self.calls > 1:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM, tried to allocate 20 GiB")
            return loss
"""


HOLDING = """
    class UserModule(UserModule):
        def __init__(self, epoch, batch_size):
            super().__init__(epoch, batch_size)
            self.centres = tf.Variable(tf.zeros((10, 10)))
            self.parts = {"layer": tf.keras.layers.Dense(1)}
            self.smooth = tf.Variable(tf.zeros(10), trainable=False)
            self.mean, self.calls, self.seen, self.lost = tf.zeros(10), 0, [], object()

        def loss_op(self, labels, logits):
            self.calls, self.lost = self.calls + 1, object()
            self.seen.append(self.calls)
            self.mean = 0.9 * self.mean + 0.1 * tf.reduce_mean(tf.stop_gradient(logits), 0)
            self.smooth.assign(self.mean)
            far = tf.reduce_mean((logits - tf.gather(self.centres, labels)) ** 2)
            pull = tf.reduce_mean(self.parts["layer"](logits) ** 2)
            pull += tf.reduce_mean(logits * self.smooth)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            return loss + 0.1 * (far + pull) + 1e-3 * self.calls
"""


class TestTraining(TrainingContract):
    holding = HOLDING
    kit = small_project
    counted = COUNTED
    random_data = RANDOM_DATA
    digits = DIGITS
    fails_later = FAILS_LATER
    full_device = FULL_DEVICE

    def states_with_code(self, malice: object) -> list[bytes]:
        buffer = io.BytesIO()
        np.savez(buffer, **{"plain.json": np.array([malice], object)})  # type: ignore[arg-type]
        return [buffer.getvalue()]

    def states_that_do_not_fit(self) -> list[bytes]:
        return [pack({}, {}), pack({}, {"global_step": 3}), pack({"weight/x": np.zeros(1)}, {})]

    def expect_same_state(self, a: bytes, b: bytes) -> None:
        (first, plain), (second, other) = unpack(a), unpack(b)
        assert plain == other and plain["global_step"] == 6
        assert same(first, second)


def test_frozen_layers_stay_and_count(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.conv.trainable = False
        """,
    )
    backend = ready(project)
    conv, classifier = (
        backend.framework.pre_net.model.conv,
        backend.framework.post_net.model.classifier,
    )
    frozen, trained = conv.kernel.numpy(), classifier.kernel.numpy()
    train(backend)
    assert np.array_equal(conv.kernel, frozen)
    assert not np.array_equal(classifier.kernel, trained)
    again = backend.framework.run_pre_net(backend.batch)
    assert again.costs.parameters == 8 * 9 + 16, "it counts all the same"
    assert weights(backend)
