"""TensorFlow keeps the contract of habits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from contracts.habits import SMALL, HabitsContract
from contracts.module_errors import failure
from nasea.backends.tensorflow.user.describe import describe
from nasea.errors import DataError, UserCodeError

from . import project as small_project

AUGMENTED = """
    class PreNet(tf.keras.Sequential):
        def __init__(self):
            super().__init__([
                tf.keras.layers.RandomContrast(0.1),
                tf.keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
                tf.keras.layers.BatchNormalization(),
                tf.keras.layers.ReLU(),
            ])
"""

SEQUENTIAL = """
    class PreNet(tf.keras.Sequential):
        def __init__(self):
            super().__init__([
                tf.keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
                tf.keras.layers.BatchNormalization(),
                tf.keras.layers.ReLU(),
            ])
"""

FUNCTIONAL = """
    def PreNet():
        inputs = tf.keras.Input((8, 8, 1))
        x = tf.keras.layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
        return tf.keras.Model(inputs, tf.nn.relu(tf.keras.layers.BatchNormalization()(x)))

    class PostNet(tf.keras.Model):
        def __init__(self):
            inputs = tf.keras.Input((None, None, 12))
            x = tf.keras.layers.GlobalAveragePooling2D()(inputs)
            super().__init__(inputs, {"digit": tf.keras.layers.Dense(10)(x)})

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            return super().loss_op(labels, logits["digit"])

        def metrics_op(self, inputs, outputs):
            return super().metrics_op(inputs, outputs["digit"])
"""

TIME_FIRST = """
    class PostNet(PostNet):
        def call(self, inputs, training=True):
            return self.classifier(tf.transpose(tf.reduce_mean(inputs, 1), (1, 0, 2)))

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            return super().loss_op(labels, tf.reduce_mean(logits, 0))

        def metrics_op(self, inputs, outputs):
            return super().metrics_op(inputs, tf.reduce_mean(outputs, 0))
"""

LEFT_OUT = """
    class PostNet(PostNet):
        def call(self, inputs, training=True):
            return {"out": super().call(inputs, training), "aux": None}

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            assert logits["aux"] is None
            return super().loss_op(labels, logits["out"])

        def metrics_op(self, inputs, outputs):
            return super().metrics_op(inputs, outputs["out"])
"""

DATASET = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.map(lambda x, y: ({}, y)), n
"""


class TestHabits(HabitsContract):
    kit = small_project
    works = {"augmented": AUGMENTED, "functional": FUNCTIONAL, "time first": TIME_FIRST} | {
        "left out": LEFT_OUT
    }
    same_as_plain = {"sequential": SEQUENTIAL}
    refused = {
        "an object": (
            "PostNet = PostNet()",
            "PostNet must be a class, or a function",
            "user-module.md",
        ),
        "arguments": (
            "def PreNet(width): return None",
            "PreNet(width) must work without arguments",
            "user-module.md",
        ),
        "one for all": (
            "_one = PostNet()\nPostNet = lambda: _one",
            "PostNet() returns the same model",
            "inside of the function",
        ),
        "no module": (
            "def PreNet(): return 3",
            "PreNet must be a tf.keras.Model",
            "derive it from tf.keras.Model",
        ),
    }
    fixed = {
        name: f"class {name}({name}):\n    def call(self, x, training=True):\n        return {y}\n"
        for name, y in {
            "PreNet": "tf.ones((8, 4, 4, 8))",
            "PostNet": "{'a': tf.ones((8, 10)), 'b': [None]}",
        }.items()
    }
    images = {
        name: (DATASET.format(f"tf.cast(1000 * x, tf.{name})"), f"{name} (8, 8, 8, 1)")
        for name in ("uint16", "int16")
    }
    divided = {
        "training": DATASET.format("x / 0 if is_training else x"),
        "validation": DATASET.format("x if is_training else x * float('nan')"),
    }
    shared = """
        class UserModule(UserModule):
            def build_dataset_search(self, dataset_dir, is_training):
                n = int(dataset_dir)
                dataset = tf.data.Dataset.from_tensor_slices(images_and_labels(44)).take(n)
                return dataset.batch(self.batch_size), n
    """
    unseen = """
        class UserModule(UserModule):
            def build_dataset_search(self, dataset_dir, is_training):
                dataset, n = super().build_dataset_search(dataset_dir, is_training)
                return dataset.map(lambda x, y: (x, y % 7 if is_training else y)), n
    """


def test_functions_are_read_again_when_the_module_is(project: Path) -> None:
    for images in ("x * 0 + 1", "x * 0 + 2"):
        small_project.write_module(project, DATASET.format(images))
        backend = small_project.opened(project).probe(None)
        assert float(images[-1]) == float(tf.reduce_max(backend.batch[0]))


def test_an_operation_without_gradient_behind_a_weight_is_named(project: Path) -> None:
    small_project.write_module(
        project,
        """
        class PreNet(PreNet):
            def call(self, inputs, training=True):
                return tf.image.adjust_contrast(super().call(inputs, training), 0.9)
        """,
    )
    backend = small_project.ready(project, **SMALL)
    error = failure(UserCodeError, lambda: backend.try_candidates(lambda done, total: None))
    assert "no gradient for AdjustContrastv2" in str(error.fix) and "stop_gradient" in error.fix


@pytest.mark.parametrize(
    "value",
    [
        tf.constant(["a"]),
        tf.constant([1], tf.uint16),
        tf.constant([1], tf.qint8) if hasattr(tf, "qint8") else 0,
        np.array([object()]),
        np.array(["2026-01-01"], "datetime64[D]"),
        tf.ragged.constant([[1], []]),
        tf.sparse.eye(2),
        tf.zeros((2, 0), tf.int64),
        tf.Variable([1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_type_can_be_told(value: object) -> None:
    assert describe([value, {"a": (value, None)}])


def test_a_tensor_of_a_graph_can_be_told() -> None:
    text = []

    @tf.function(input_signature=[tf.TensorSpec(None, tf.int32)])
    def graph(x: tf.Tensor) -> tf.Tensor:
        text.append(describe(x))
        return x

    graph(tf.constant(1))
    assert text == ["int32 of any shape"]


FILES = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            files = tf.data.Dataset.list_files(dataset_dir + "/*")
            dataset = files.map(lambda path: (self.read(path), tf.constant(1))).repeat()
            return dataset.batch(self.batch_size), 16

        def read(self, path):
            image = tf.io.decode_jpeg(tf.io.read_file(path), channels=1)
            return tf.ensure_shape(tf.cast(image, tf.float32), (8, 8, 1))
"""


def test_the_file_that_cannot_be_read_is_named(project: Path) -> None:
    folder = project / "images"
    folder.mkdir()
    content = tf.io.encode_jpeg(tf.zeros((8, 8, 1), tf.uint8)).numpy()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(content[: 100 if number == 1 else None])
    small_project.write_module(project, FILES)
    dirs = {"train_dir": str(folder), "val_dir": str(folder)}
    error = failure(DataError, lambda: small_project.attached(project, dataset=dirs))
    assert error.message.endswith(f"cannot be read: {folder}/1.jpg")
