"""Detection with TensorFlow: what holds for epochs and scores holds for generators too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.keeping import KeepingContract
from contracts.kit import same
from contracts.metric import TINY
from contracts.scoring import ScoresContract
from contracts.training import EpochsContract
from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.training.state import unpack
from nasea.backends.tensorflow.user.variables import count_parameters
from nasea.errors import MetricError
from nasea.space import Genome, fair_path

from . import detection_project
from .detection_project import opened, ready, train, write_module
from .test_score import fresh_network

WHOLE = EvaluationSubset()

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

    def shaken(batches):
        for images, labels in batches:
            shift = random.random() + np.random.rand() + tf.random.uniform(()).numpy()
            yield images + 0.1 * shift, labels

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
            made = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
            return (shaken(made[0]), made[1]) if is_training else made

        def loss_op(self, labels, logits):
            return super().loss_op(labels, logits) * (1 + np.random.rand())

    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.dropout = tf.keras.layers.Dropout(0.2)

        def call(self, inputs, training=True):
            return self.dropout(super().call(inputs, training), training=training)
"""

LOSS_METRIC = """
    class UserModule(UserModule):
        def of_batch(self, labels, outputs):
            return np.mean(self.loss_op(labels, outputs))
"""

DRAWING = """
    class PreNet(PreNet):
        def call(self, inputs, training=True):
            inputs = inputs + 0.05 * tf.random.uniform(())
            return super().call(inputs, training)

    class UserModule(UserModule):
        def of_batch(self, labels, outputs):
            return super().of_batch(labels, outputs) + np.random.rand() + tf.random.uniform(())
"""


COUNTING = """
    READ = []

    def counted(batches):
        for batch in batches:
            READ.append(1)
            yield batch

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
            made = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
            if is_training:
                return made
            [generator, dataset], n = made
            return [counted(generator), dataset], n
"""


class TestKeeping(KeepingContract):
    kit = detection_project
    loss_metric = LOSS_METRIC
    counting = COUNTING


class TestEpochs(EpochsContract):
    kit = detection_project
    counted = COUNTED
    random_data = RANDOM_DATA

    def expect_same_state(self, a: bytes, b: bytes) -> None:
        (first, plain), (second, other) = unpack(a), unpack(b)
        assert plain == other and plain["global_step"] == 6
        assert same(first, second)


class TestScores(ScoresContract):
    kit = detection_project
    loss_metric = LOSS_METRIC
    drawing = DRAWING

    def metric_of_file(self, backend: AttachedBackend, genome: Genome, path: Path) -> float:
        network = fresh_network(backend, genome)
        network.load_weights(str(path))
        assert backend.write_weights(genome, path) == count_parameters(network)
        user = backend.user._user
        (generator, dataset), size = user.build_dataset_search("20", False, False)
        return float(user.metrics_op(["20", network], [generator, dataset.image_ids, size]))


def test_how_a_metric_of_all_may_end(project: Path) -> None:
    write_module(project)
    backend = ready(project, **TINY)
    genome = fair_path(backend.supernet.space.choices, 0, 0)
    user = backend.user._user

    def ends(*, metric: object) -> tuple[float | None, str | None]:
        user.metrics_op = metric
        found = backend.measure(genome, WHOLE)
        return found.metric, found.failure

    def leaves_a_file(inputs: object, outputs: object) -> np.float32:
        path = Path("results.json")
        assert not path.exists() and Path("user_module.py").is_file()
        path.write_text("[]")
        return np.float32(0.5)

    for _ in range(2):
        assert ends(metric=leaves_a_file) == (0.5, None)
    assert not (project / "results.json").exists()
    assert ends(metric=lambda i, o: exit(-1)) == (None, "metrics_op called exit(-1)")
    _, failure = ends(metric=lambda i, o: next(o[0])[9])
    assert failure is not None and "IndexError" in failure and "nasea/backends" not in failure
    _, failure = ends(metric=lambda i, o: i[1](next(o[0])[0], training=True))
    assert failure is not None and "inference mode" in failure
    assert ends(metric=lambda i, o: float("nan")) == (None, "the metric is nan")
    with pytest.raises(MetricError, match="must return a number"):
        ends(metric=lambda i, o: "0.5")


def test_a_proxy_subset_has_every_class(project: Path) -> None:
    write_module(project)
    backend = opened(project, dataset__val_dir="120").probe(None)
    for images in (30, 60):
        found = [y for _, (_, labels) in backend.data.evaluation(images, None) for y in labels]
        whole = [y for _, (_, labels) in backend.data.evaluation(None, None) for y in labels]
        assert len(found) == images and len(whole) == 120
        for label in range(10):
            assert abs(found.count(label) - whole.count(label) * images / 120) <= 1


def test_the_statistics_are_of_two_samples(project: Path) -> None:
    write_module(project)
    backend = opened(project, dataset__train_dir="60").probe(None)
    first, second = (np.concatenate(backend.data.statistics(draw)) for draw in (0, 1))
    images = backend.user._module.images_and_labels(60)[0]
    np.testing.assert_array_equal(first, images[:20])
    np.testing.assert_array_equal(second, images[24:44])  # begins with a batch behind the first


def test_data_that_does_not_fit_is_read_anew(project: Path) -> None:
    write_module(project, LOSS_METRIC)
    kept = ready(project, **TINY)
    anew = ready(project, resource__image_cache=3000 / 1024**3, **TINY)  # some images
    genome = fair_path(kept.supernet.space.choices, 0, 0)
    for data in (
        WHOLE,
        EvaluationSubset(images=14),
        EvaluationSubset(images=8),
        WHOLE,
        EvaluationSubset(images=8, half=1),
    ):
        for _ in range(2):
            expected = kept.measure(genome, data).metric
            assert anew.measure(genome, data).metric == pytest.approx(expected, abs=1e-6)


def test_batches_that_lost_images_are_no_end(project: Path) -> None:
    write_module(
        project,
        """
        def cropped(batches):
            for number, (images, labels) in enumerate(batches):
                kept = [5, 8, 0, 1][number % 4]
                yield images[:kept].astype(np.float64), labels[:kept]

        class UserModule(UserModule):
            def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
                made = super().build_dataset_search(dataset_dir, is_training, is_shuffle)
                return (cropped(made[0]), made[1]) if is_training else made
        """,
    )
    backend = ready(project, **TINY)
    assert backend.data.batch_size == 8 and backend.data.batches_per_epoch == 6
    reports = train(backend)
    assert sum(report.images for report in reports) == 5 + 8 + 1 + 5 + 4 + 1
