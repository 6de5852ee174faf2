"""Scoring with TensorFlow: the contract, and what the statistics are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from contracts.keeping import KeepingContract
from contracts.kit import same
from contracts.scoring import ScoringContract
from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.export.flops_profiler import count_flops
from nasea.backends.tensorflow.network.layers import Network, build_body
from nasea.backends.tensorflow.user.variables import count_parameters
from nasea.cost import build_cost_model
from nasea.space import Genome

from . import project as small_project
from .project import attached, random_genomes, ready, train, weights, write_module

WHOLE = EvaluationSubset()

LOSS_METRIC = """
    class UserModule(UserModule):
        def metrics_op(self, inputs, outputs):
            return tf.reduce_mean(self.loss_op(inputs, outputs))
"""

DRAWING = """
    class PreNet(PreNet):
        def call(self, inputs, training=True):
            inputs = inputs + 0.05 * tf.random.uniform(())
            return super().call(inputs, training)

    class UserModule(UserModule):
        def metrics_op(self, inputs, outputs):
            return super().metrics_op(inputs, outputs) + np.random.rand() + tf.random.uniform(())
"""

FAILS_IN_EVALUATION = """
    class PostNet(PostNet):
        def call(self, inputs, training=True):
            if not training:
                tf.debugging.assert_less(tf.shape(inputs)[0], 9, "cannot evaluate so many")
            return super().call(inputs, training)

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return (dataset if is_training else dataset.unbatch().batch(20)), n
"""

OWN_ACTIVATIONS = """
    class PreNet(PreNet):
        def call(self, inputs, training=True):
            self.features = super().call(inputs, training)
            return self.features
"""


COUNTING = """
    READ = []

    def counted(image, label):
        READ.append(1)
        return image, label

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, images = super().build_dataset_search(dataset_dir, is_training)
            if is_training:
                return dataset, images
            dataset = dataset.unbatch()
            types = [spec.dtype for spec in dataset.element_spec]
            shapes = [spec.shape for spec in dataset.element_spec]

            def count(*element):
                found = tf.numpy_function(counted, element, types)
                return tuple(map(tf.ensure_shape, found, shapes))

            return dataset.map(count).batch(self.batch_size), images
"""


class TestKeeping(KeepingContract):
    kit = small_project
    loss_metric = LOSS_METRIC
    counting = COUNTING


class TestScoring(ScoringContract):
    kit = small_project
    loss_metric = LOSS_METRIC
    drawing = DRAWING
    fails_in_evaluation = FAILS_IN_EVALUATION
    own_activations = OWN_ACTIVATIONS

    def metric_of_file(self, backend: AttachedBackend, genome: Genome, path: Path) -> float:
        network = fresh_network(backend, genome)
        network.load_weights(str(path))
        assert backend.write_weights(genome, path) == count_parameters(network)
        total = images = 0
        for x, labels in backend.data.evaluation(None, None):
            outputs = network(x, training=False)
            total += len(x) * float(backend.user._user.metrics_op(labels, outputs))
            images += len(x)
        return total / images


def fresh_network(backend: AttachedBackend, genome: Genome) -> Network:
    """The stand-alone network with other weights, as a user builds it."""
    module, space = backend.user._module, backend.supernet.space
    body = build_body(space.decode(genome), space.layers[0].in_shape)
    network = Network(module.PreNet(), body, module.PostNet())
    network(tf.zeros((1, 8, 8, 1)), training=False)
    return network


def test_statistics_are_re_estimated_on_training_images(project: Path) -> None:
    backend = ready(project)
    train(backend)
    genome = backend.supernet.space.encode(["basic_x0.5"] * 2)
    before = weights(backend)
    norm = backend.framework.pre_net.model.norm
    with backend.scorer.calibrated(genome):
        mean, variance = norm.moving_mean.numpy(), norm.moving_variance.numpy()
    assert same(before, weights(backend)), "and put back"
    images = tf.concat(backend.data.statistics(0), 0)
    assert len(images) == backend.scenario.searcher.bn_images
    features = backend.framework.pre_net.model.conv(images).numpy()
    # The mean over batches of 8, 8 and 4 images.
    batches = np.split(features, [8, 16])
    means = [batch.mean((0, 1, 2)) for batch in batches]
    variances = [batch.var((0, 1, 2), ddof=1) for batch in batches]
    np.testing.assert_allclose(mean, np.mean(means, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, np.mean(variances, 0), rtol=1e-4, atol=1e-5)
    assert norm.momentum == 0.99, "the layer is as the user made it"


@pytest.mark.parametrize("where", ["__init__", "call"])
def test_normalisation_that_the_user_freezes_keeps_its_statistics(
    project: Path, where: str
) -> None:
    frozen = "self.norm.trainable = False"
    inside = f"training = {where == '__init__'} and training"
    write_module(
        project,
        f"""
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.norm = tf.keras.layers.BatchNormalization(
                    moving_mean_initializer=tf.keras.initializers.Constant(0.25))
                {frozen if where == "__init__" else ""}

            def call(self, inputs, training=True):
                {inside}
                return super().call(inputs, training)
        """,
    )
    backend = ready(project)
    train(backend)
    norm = backend.framework.pre_net.model.norm
    assert np.all(norm.moving_mean == np.float32(0.25))
    [genome] = random_genomes(backend.supernet.space, 1)
    assert backend.measure(genome, WHOLE).failure is None
    with backend.scorer.calibrated(genome):
        assert np.all(norm.moving_mean == np.float32(0.25))


def test_dropout_is_off_while_statistics_are_estimated(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.drop = tf.keras.layers.Dropout(0.9)
                self.norm = tf.keras.layers.BatchNormalization(momentum=0.9)
                self.classifier = tf.keras.layers.Dense(10)

            def call(self, inputs, training=True):
                pooled = self.drop(tf.reduce_mean(inputs, (1, 2)), training=training)
                return self.classifier(self.norm(pooled, training=training))
        """,
    )
    backend = ready(project, batch_size=20)
    train(backend)
    [genome] = random_genomes(backend.supernet.space, 1)
    post_net = backend.framework.post_net
    with backend.scorer.calibrated(genome):
        found = post_net.model.norm.moving_mean.numpy()
        features = backend.framework.pre_net.estimate(backend.data.statistics(0))
        _, [[last]] = backend.supernet.statistics(genome, [features])
    np.testing.assert_allclose(found, np.mean(last, (0, 1, 2)), rtol=1e-4, atol=1e-5)
    assert post_net.model.norm.momentum == 0.9


def test_costs_are_what_the_framework_counts_for_the_network(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.conv.trainable = False  # counts all the same
        """,
    )
    backend = attached(project)
    space = backend.space
    user_networks = (backend.pre_net.costs, backend.post_net.costs)
    model = build_cost_model(space, "size", user_networks)
    for genome in [model.cheapest, model.most_expensive, *random_genomes(space, 2)]:
        network = fresh_network(backend, genome)
        flops = count_flops(lambda x, n=network: n(x, training=False), tf.zeros((1, 8, 8, 1)))
        costs = model.costs(genome)
        statistics = sum(v.shape[0] for v in network.variables if "moving" in v.name)
        assert costs.parameters == network.count_params() - statistics
        assert costs.flops == flops
