"""Ways in which real TensorFlow modules are written, and which therefore work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from contracts.metric import TINY
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.network.layers import Network, build_body
from nasea.backends.tensorflow.user.variables import count_parameters  # noqa: E402

from .project import AttachedBackend, attached, random_genomes, ready, train, write_module

L2_IN_CALL = """
    class L2Normalization(tf.keras.layers.Layer):
        def build(self, input_shape):
            self.gamma = self.add_weight(
                name="gamma", shape=(input_shape[-1],), initializer="ones", trainable=True)
            super().build(input_shape)

        def call(self, inputs):
            return tf.math.l2_normalize(inputs, -1) * self.gamma

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            x = L2Normalization(name="l2")(inputs)
            x = tf.keras.layers.Activation("relu")(x)
            return super().call(x, training)
"""

POSITIONAL_TRAINING = """
    class Block(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = tf.keras.layers.BatchNormalization(axis=3)
            self.drop = tf.keras.layers.Dropout(0.1)

        def call(self, inputs, training):
            return self.drop(self.norm(inputs, training), training)

    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def call(self, inputs, training=True):
            return super().call(self.block(inputs, training), training)
"""

ENDLESS = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.repeat(), tf.constant(n)
"""

EVALUATED_ONE_BY_ONE = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return (dataset if is_training else dataset.unbatch().batch(1)), n
"""

COLUMN_LABELS = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.map(lambda x, y: (x, y[:, None])), n

        def loss_op(self, labels, logits):
            return tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)

        def metrics_op(self, inputs, outputs):
            return super().metrics_op(tf.squeeze(inputs, -1), outputs)
"""

IN_TOP_K = """
    class UserModule(UserModule):
        def metrics_op(self, inputs, outputs):
            found = tf.keras.backend.in_top_k(outputs, tf.cast(inputs, tf.int32), 1)
            return tf.reduce_mean(tf.cast(found, tf.float32)).numpy()
"""

NESTED = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.map(lambda x, y: (x, {"class": y, "pair": (y, {"again": y})})), n

        def loss_op(self, labels, logits):
            return super().loss_op(labels["pair"][1]["again"], logits["aux"][1]["again"])

        def metrics_op(self, inputs, outputs):
            return 1 - super().metrics_op(inputs["class"], outputs["out"])

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            outputs = super().call(inputs, training)
            return {"out": outputs, "aux": [outputs, {"again": outputs}]}
"""

AUGMENTED = """
    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            self.flip = tf.keras.layers.RandomFlip("horizontal")

        def call(self, inputs, training=True):
            return super().call(self.flip(inputs, training=training), training)
"""

SOFTMAX = """
    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.classifier = tf.keras.layers.Dense(10, activation="softmax")

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            return tf.keras.losses.sparse_categorical_crossentropy(labels, logits)
"""

SOFTMAX_EAGERLY = (
    SOFTMAX
    + """
    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            assert labels.numpy().max() < 10
            return tf.keras.losses.SparseCategoricalCrossentropy()(labels, logits)
"""
)

SIGMOID = """
    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.classifier = tf.keras.layers.Dense(10)
            self.sigmoid = tf.keras.layers.Activation("sigmoid")

        def call(self, inputs, training=True):
            return {"scores": self.sigmoid(super().call(inputs, training))}

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            return tf.keras.losses.binary_crossentropy(tf.one_hot(labels, 10), logits["scores"])

        def metrics_op(self, inputs, outputs):
            return super().metrics_op(inputs, outputs["scores"])
"""

NEVER_CALLED = """
    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            self.off = [tf.keras.layers.BatchNormalization(), tf.keras.layers.Conv2D(4, 1)]

    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.off = {"norm": tf.keras.layers.BatchNormalization()}
            self.aux = tf.keras.Sequential([tf.keras.layers.Dense(8), tf.keras.layers.Dense(10)])
            self.other = PreNet()
"""

BUILT_AND_NEVER_CALLED = """
    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.known = tf.keras.Sequential([tf.keras.layers.Dense(3, input_shape=(5,))])
"""

KEPT_ON_SELF = """
    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.found, self.all = {"digit": {}}, [None]

        def call(self, inputs, training=True):
            self.found["digit"]["logits"] = self.all[0] = super().call(inputs, training)
            return self.found, self.all

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            return super().loss_op(labels, logits[0]["digit"]["logits"])

        def metrics_op(self, inputs, outputs):
            return super().metrics_op(inputs, outputs[1][0])
"""

KERAS_2_2 = """
    from tensorflow.keras import backend as K
    from tensorflow.python.keras.layers import InputSpec, Layer

    class UnitLength(Layer):
        def __init__(self, scale=20.0, **kwargs):
            self.scale = scale
            super(UnitLength, self).__init__(**kwargs)

        def build(self, input_shape):
            self.input_spec = [InputSpec(shape=input_shape)]
            values = np.full(int(input_shape[-1]), self.scale, np.float32)
            self.gamma = K.variable(values, name=self.name + "_gamma")
            self.count = K.variable(np.zeros(3), name=self.name + "_count")
            self._trainable_weights = [self.gamma]
            self._non_trainable_weights = [self.count]
            super(UnitLength, self).build(input_shape)

        def call(self, x, mask=None):
            return K.l2_normalize(x, -1) * self.gamma

    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.more = [UnitLength(name="in_a_list")]

        def call(self, inputs, training=True):
            x = UnitLength(name="unit_length")(inputs)
            return super().call(self.more[0](x), training)
"""

READS_BATCH_SIZE = (
    EVALUATED_ONE_BY_ONE
    + """
    class PreNet(PreNet):
        def call(self, inputs, training=True):
            ones = np.concatenate([np.ones((1, 8, 8, 1), np.float32)] * inputs.shape[0])
            return super().call(inputs * ones, training)

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            rows = np.concatenate([np.ones((1, 10), np.float32)] * inputs.shape.as_list()[0])
            return super().call(inputs, training) * rows
"""
)

# As modules for TensorFlow 2.8 are: all at once.
CLASSIC = (
    POSITIONAL_TRAINING
    + L2_IN_CALL.replace("PostNet(PostNet)", "PostNet(PostNet)")
    + """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            dataset = dataset.unbatch().map(lambda x, y: (x, y[None]))
            if is_training:
                return dataset.repeat().batch(self.batch_size, drop_remainder=True).prefetch(
                    tf.data.experimental.AUTOTUNE), n
            return dataset.batch(1), n

        def lr_scheduler(self, lr_init, global_step):
            schedule = tf.keras.optimizers.schedules.ExponentialDecay(lr_init, 10, 0.96)
            return schedule(global_step)

        def loss_op(self, labels, logits):
            loss = tf.keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction=tf.keras.losses.Reduction.NONE)
            return loss(labels, logits)

        def metrics_op(self, inputs, outputs):
            labels = tf.cast(tf.squeeze(inputs, axis=1), tf.int32)
            found = tf.keras.backend.in_top_k(tf.nn.softmax(outputs), labels, 1)
            return tf.reduce_mean(tf.cast(found, tf.float32)).numpy()
"""
)


@pytest.mark.parametrize(
    "changes",
    [
        L2_IN_CALL,
        POSITIONAL_TRAINING,
        ENDLESS,
        EVALUATED_ONE_BY_ONE,
        COLUMN_LABELS,
        IN_TOP_K,
        NESTED,
        AUGMENTED,
        SOFTMAX,
        SOFTMAX_EAGERLY,
        SIGMOID,
        NEVER_CALLED,
        KEPT_ON_SELF,
        KERAS_2_2,
        READS_BATCH_SIZE,
        CLASSIC,
    ],
    ids=[
        "l2 in call",
        "positional training",
        "endless",
        "one by one",
        "column labels",
        "in_top_k",
        "nested",
        "augmented",
        "softmax",
        "softmax eagerly",
        "sigmoid",
        "never called",
        "kept on self",
        "keras 2.2",
        "reads batch size",
        "classic",
    ],
)
def test_it_works(project: Path, changes: str) -> None:
    write_module(project, changes)
    backend = ready(project, **TINY)
    for end in (backend.framework.pre_net, backend.framework.post_net):
        assert end.reads_batch_size == (changes is READS_BATCH_SIZE)
    backend.try_candidates(lambda done, total: None)
    reports = train(backend, range(2))
    assert len(reports) == 2 * backend.trainer.steps_per_epoch
    [genome] = random_genomes(backend.supernet.space, 1)
    first = backend.measure(genome, EvaluationSubset())
    assert first.failure is None and backend.measure(genome, EvaluationSubset()) == first
    path = project / "0.weights.h5"
    parameters = backend.write_weights(genome, path)
    exporter = backend.exporter(backend.supernet.space, genome, path)
    assert exporter.parameters == parameters, "a network made anew has the same weights"
    assert exporter.needs_batch == (changes is READS_BATCH_SIZE)
    assert exporter.measure(exporter.run).metric == pytest.approx(first.metric, abs=1e-6)


@pytest.mark.parametrize("changes", [L2_IN_CALL, CLASSIC], ids=["alone", "classic"])
def test_a_layer_with_weights_built_in_call_is_kept(project: Path, changes: str) -> None:
    write_module(project, changes)
    backend = ready(project, **TINY)
    [layer] = backend.framework.post_net.model.layers_built_in_call
    assert backend.file_options.built_in_call
    train(backend)
    assert not np.allclose(layer.gamma, 1), "it is trained"
    assert [layer] == backend.framework.post_net.model.layers_built_in_call, (
        "and the same one still"
    )
    [genome] = random_genomes(backend.supernet.space, 1)
    path = project / "0.weights.h5"
    parameters = backend.write_weights(genome, path)

    space, module = backend.supernet.space, backend.user._module
    body = build_body(space.decode(genome), space.layers[0].in_shape)
    network = Network(module.PreNet(), body, module.PostNet())
    network(tf.zeros((1, 8, 8, 1)), training=False)
    network.load_weights(str(path))
    [loaded] = network.post_net.layers_built_in_call
    assert np.array_equal(loaded.gamma, layer.gamma)
    counted = sum(int(np.prod(v.shape)) for v in network.variables if "moving" not in v.name)
    assert parameters == counted


def test_a_loss_behind_a_softmax_is_computed_from_what_went_into_it(project: Path) -> None:
    write_module(project, SOFTMAX)
    backend = ready(project, **TINY)
    assert backend.user.loss_is_traced
    features = tf.random.normal((4, 4, 4, 12)) * 1e4  # probabilities are 0 and 1
    labels = tf.argmin(backend.framework.post_net.evaluate(features), 1)
    exact = float(backend.user.loss(labels, backend.framework.post_net.evaluate(features)))
    assert exact == pytest.approx(float(backend.user.loss(labels, eager(backend, features))))
    assert exact > 100, "rounded to 1e-7, it would be 16 at most"


def eager(backend: AttachedBackend, features: Any) -> Any:
    return backend.framework.post_net.apply(features, False)


def test_layers_never_called_are_counted_where_they_have_weights(project: Path) -> None:
    plain = attached(project, **TINY)
    before = [
        plain.framework.pre_net.model.count_params(),
        count_parameters(plain.framework.post_net.model),
    ]
    write_module(project, NEVER_CALLED + BUILT_AND_NEVER_CALLED)
    backend = attached(project, **TINY)
    assert backend.framework.pre_net.model.count_params() == before[0]
    assert count_parameters(backend.framework.post_net.model) == before[1] + 18
    assert any("PostNet" in n.text and "18" in n.text for n in backend.notices)
