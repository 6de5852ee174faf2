"""Segmentation with TensorFlow: forms of data and outputs, sizes, heads with two inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from contracts.module_errors import failure
from nasea.backends.base import ProbedBackend, TrainingBackend
from nasea.backends.records import EvaluationSubset
from nasea.errors import DataError, UserModuleError
from nasea.space import Space, fair_path

from . import project as small_project
from .project import space_of, train

WHOLE = EvaluationSubset()

MODULE = """
    SHUFFLED = []

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
            SHUFFLED.append((is_training, is_shuffle))
            n = int(dataset_dir)
            draw = np.random.default_rng(n)
            images = draw.normal(size=(n, 13, 9, 1)).astype(np.float32)
            masks = np.int32(images[..., 0] > 0)
            masks[:, 0] = 255
            dataset = tf.data.Dataset.from_tensor_slices({"image": images, "label": masks})
            return dataset.batch(self.batch_size if is_training else 1), n

        def loss_op(self, labels, logits):
            known = labels != 255
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.where(known, labels, 0), logits["out"]
            )
            return tf.where(known, each + 0.4 * tf.reduce_mean(logits["aux"][0] ** 2), 0.0)

        def metrics_op(self, inputs, outputs):
            right = tf.argmax(outputs["out"], -1, tf.int32) == inputs
            return tf.reduce_mean(tf.cast(right[inputs != 255], tf.float32))

    class PostNet(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.classifier = tf.keras.layers.Conv2D(2, 1)

        def call(self, inputs, training=True):
            scores = tf.image.resize(self.classifier(inputs), (13, 9))
            return {"out": scores, "aux": [inputs]}
"""

TINY = {
    "task": "segmentation",
    "supernet__input_shape": [13, 9, 1],
    "supernet__filters": [8, 12],
    "supernet__strides": [1, 2],
    "supernet__blocks": ["separable_k3"],
}


def opened(project: Path, changes: str = "", **options: object) -> ProbedBackend:
    small_project.write_module(project, MODULE.replace("\n    ", "\n") + changes)
    return small_project.opened(project, **TINY | options).probe(None)


def ready(project: Path, changes: str = "", **options: object) -> TrainingBackend:
    backend = opened(project, changes, **options)
    space: Space = space_of(backend)
    attached = backend.attach(space.tapped(backend.required_taps(space)), 5)
    return attached.begin_training(2, 5)


def test_nested_outputs_masks_with_holes_and_odd_sizes(project: Path) -> None:
    backend = ready(project)
    genome = fair_path(backend.supernet.space.choices, 0, 0)
    assert backend.supernet.space.out_shape == (12, 7, 5)
    losses = [report.loss for report in train(backend, range(6))]
    assert losses[-1] < losses[0]
    measured = backend.measure(genome, WHOLE)
    assert measured.failure is None and 0.5 < (measured.metric or 0) <= 1
    module = backend.user._module
    assert module.SHUFFLED[:2] == [(True, True), (False, False)]
    assert module.SHUFFLED.count((True, False)) == 1, "the statistics, once"
    assert [x.shape[0] for x, _ in backend.data.evaluation(None, None)] == [1] * 20
    pictures = backend.prediction_images(genome, 3)
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.image.shape == (13, 9, 3) and picture.image.dtype == np.uint8
        assert isinstance(picture.found, np.ndarray) and isinstance(picture.truth, np.ndarray)
        assert picture.found.shape == picture.truth.shape == (13, 9)
        assert set(np.unique(picture.truth)) == {0, 1, 255}
        assert set(np.unique(picture.found)) <= {0, 1}


def test_masks_as_large_as_each_image_was(project: Path) -> None:
    backend = ready(
        project,
        """
class UserModule(UserModule):
    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        dataset, n = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
        dataset = dataset.map(lambda element: (element["image"], element["label"]))
        if not is_training:
            dataset = dataset.enumerate().map(lambda i, pair: (pair[0], pair[1][:, : 13 - i]))
        return dataset.take(3), n if is_training else 3

    def metrics_op(self, inputs, outputs):
        assert outputs["one"].shape == inputs.shape and outputs["one"].dtype == tf.int64
        return tf.reduce_mean(tf.cast(outputs["one"] >= 0, tf.float32)) * inputs.shape[1]

    def loss_op(self, labels, logits):
        return tf.reduce_mean(logits["one"]["merged_logits"] ** 2)

class PostNet(PostNet):
    def call(self, inputs, training=True):
        return {"one": {"merged_logits": self.classifier(inputs)}}
""",
        dataset__train_dir="24",
    )
    genome = fair_path(backend.supernet.space.choices, 0, 0)
    for _ in range(2):
        measured = backend.measure(genome, WHOLE)
        assert measured.metric == pytest.approx((13 + 12 + 11) / 3), measured.failure


TWO = """
class PostNet(PostNet):
    def call(self, inputs, training=True):
        low, last = inputs
        last = tf.image.resize(last, low.shape[1:3])
        return super().call(tf.concat([low, last], -1), training)
"""


def test_a_head_that_wants_two_inputs_gets_them(project: Path) -> None:
    backend = opened(project, TWO)
    space = space_of(backend)
    assert backend.required_taps(space) == (0,)
    assert any("PostNet does not accept a single tensor" in n.text for n in backend.notices)
    tapped = space.tapped((0,))
    assert tapped.taps == (0,) and space.taps == ()
    assert backend.attach(tapped, 5).post_net.costs.parameters == (8 + 12) * 2 + 2


@pytest.mark.parametrize(
    "changes, strides",
    [("", [1, 2]), (TWO, [2, 1]), (TWO, [1, 1]), (TWO.replace("low, last", "a, b, c"), [1, 2])],
    ids=["one will do", "no layer before the stride", "no stride", "it wants three"],
)
def test_a_head_that_gets_one(project: Path, changes: str, strides: list[int]) -> None:
    backend = opened(project, changes, supernet__strides=strides)
    assert backend.required_taps(space_of(backend)) == ()
    assert not any("single tensor" in notice.text for notice in backend.notices)


def test_elements_and_labels_that_are_neither(project: Path) -> None:
    changes = """
class UserModule(UserModule):
    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        dataset, n = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
        return dataset.map(lambda element: {"image": element["image"]}), n
"""
    error = failure(DataError, lambda: opened(project, changes))
    assert "pairs (images, labels) or dicts with image and label" in error.message
    merged = """
class PostNet(PostNet):
    def call(self, inputs, training=True):
        return {"one": {"merged_logits": self.classifier(inputs)}}

class UserModule(UserModule):
    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        dataset, n = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
        return dataset.map(lambda x: (x["image"], tf.reduce_max(x["label"], (1, 2)))), n

    def loss_op(self, labels, logits):
        return tf.reduce_mean(logits["one"]["merged_logits"] ** 2)
"""
    backend = ready(project, merged)
    genome = fair_path(backend.supernet.space.choices, 0, 0)
    with pytest.raises(UserModuleError, match="merged_logits, which take the size of the labels"):
        backend.measure(genome, WHOLE)
    assert tf.executing_eagerly()
