"""Patterns of Keras's own guides."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.guides import GuidesContract

from . import project as small_project

LOSS = """
    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            {}
"""

METRIC = """
    class UserModule(UserModule):
        def metrics_op(self, inputs, outputs):
            {}
"""

WORKS = {
    "a metric for every image": METRIC.format(
        "return tf.keras.metrics.sparse_categorical_accuracy(inputs, outputs)"
    ),
    "a sequential, layer by layer": """
        def PostNet():
            model = tf.keras.Sequential(name="my_sequential")
            model.add(tf.keras.layers.Flatten())
            model.add(tf.keras.layers.Dense(10, activation="softmax"))
            return model
        """
    + LOSS.format("return tf.keras.losses.sparse_categorical_crossentropy(labels, logits)").replace(
        "\n    ", "\n        "
    ),
    "a subclass without training": """
        class PostNet(tf.keras.Model):
            def __init__(self, name="head", **kwargs):
                super(PostNet, self).__init__(name=name, **kwargs)
                self.pool = tf.keras.layers.GlobalAveragePooling2D()
                self.dense = tf.keras.layers.Dense(10)

            def call(self, inputs):
                return self.dense(self.pool(inputs))
        """,
    "a layer": """
        class PostNet(tf.keras.layers.Layer):
            def build(self, input_shape):
                self.w = self.add_weight(shape=(input_shape[-1], 10), initializer="glorot_uniform")

            def call(self, inputs):
                return tf.matmul(tf.reduce_mean(inputs, (1, 2)), self.w)
        """,
    "a loss by name": LOSS.format(
        "loss = tf.keras.losses.get('sparse_categorical_crossentropy')\n            "
        "return loss(labels, tf.nn.softmax(logits))"
    ),
    "a loss object in its place": (
        "UserModule.loss_op = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
    ),
    "one-hot labels": LOSS.format(
        "loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True)\n            "
        "return loss(tf.one_hot(labels, 10), logits)"
    ),
    "a new metric in every call": METRIC.format(
        "metric = tf.keras.metrics.SparseCategoricalAccuracy()\n            "
        "metric.update_state(inputs, outputs)\n            "
        "return metric.result()"
    ),
    "a schedule object": """
        class UserModule(UserModule):
            def lr_scheduler(self, lr_init, global_step):
                decay = tf.keras.optimizers.schedules.ExponentialDecay(lr_init, 10, 0.96)
                return decay(global_step)
        """,
    "a model that is compiled": """
        class PostNet(PostNet):
            def __init__(self):
                super().__init__()
                self.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        """,
    "normalisation that was adapted": """
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.scale = tf.keras.layers.Normalization(axis=None)
                self.scale.adapt(images_and_labels(8)[0])

            def call(self, inputs, training=True):
                return super().call(self.scale(inputs), training)
        """,
}

TOLD = {
    "a loss by its name alone": (
        "UserModule.loss_op = 'sparse_categorical_crossentropy'",
        ("UserModule.loss_op must be a method", "loss_op(self, labels, logits)"),
    ),
    "a metric by its name alone": (
        "UserModule.metrics_op = ['accuracy']",
        ("UserModule.metrics_op must be a method", "metrics_op(self, inputs, outputs)"),
    ),
    "a loss without gradient": (
        LOSS.format("return tf.cast(tf.argmax(logits, 1) == labels, tf.float32)"),
        ("loss_op returns has no gradient",),
    ),
    "arrays for a data set": (
        """
        class UserModule(UserModule):
            def build_dataset_search(self, dataset_dir, is_training):
                return images_and_labels(int(dataset_dir))
        """,
        ("(dataset, data_num)", "tf.data.Dataset"),
    ),
    "a model that is made already": (
        "PostNet = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])",
        ("PostNet must be a class, or a function", "def PostNet(): return …"),
    ),
}

REGULARISED = """
    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.classifier = tf.keras.layers.Dense(10, kernel_regularizer="l2")
"""


class TestGuides(GuidesContract):
    kit = small_project

    @pytest.mark.parametrize("changes", WORKS.values(), ids=WORKS)
    def test_it_works(self, project: Path, changes: str) -> None:
        self.expect_works(project, changes)

    def test_losses_of_layers_are_told(self, project: Path) -> None:
        self.expect_works(project, REGULARISED, "PostNet: losses of layers")

    @pytest.mark.parametrize("changes, words", TOLD.values(), ids=TOLD)
    def test_what_to_write_is_told(
        self, project: Path, changes: str, words: tuple[str, ...]
    ) -> None:
        self.expect_told(project, changes, words)
