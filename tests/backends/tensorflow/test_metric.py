"""The user's metric with TensorFlow: the contract, what it sees, and when it is a graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.metric import TINY, MetricContract
from nasea.backends.records import EvaluationSubset

from . import project as small_project
from .project import random_genomes, ready, write_module

WHOLE = EvaluationSubset()

PRIVATE = """
    from pathlib import Path

    def beside(image):
        assert Path("../beside.txt").read_text() == "5"
        return image

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.map(self.read), n

        def read(self, images, labels):
            found = tf.numpy_function(beside, [images], tf.float32)
            return tf.ensure_shape(found, images.shape), labels

        def metrics_op(self, inputs, outputs):
            written = Path("result.json")
            if len(inputs) == 8:  # not the last batch
                assert not written.exists() or written.read_text() == "[]"
                return 7
            assert not written.exists(), "left over from another candidate"
            written.write_text("[]")
            return int(Path("annotations/val.txt").read_text())
"""

NUMBERED = """
    SEEN = []

    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            n = int(dataset_dir)
            if is_training:
                return super().build_dataset_search(dataset_dir, is_training)
            images = np.arange(n, dtype=np.float32).reshape(n, 1, 1, 1) * np.ones((8, 8, 1))
            data = tf.data.Dataset.from_tensor_slices((np.float32(images), np.arange(n)))
            return data.batch({batch}).repeat(), n - {less}

        def metrics_op(self, inputs, outputs):
            SEEN.append(inputs.numpy().tolist())
            return float(np.mean(inputs))
"""


class TestMetric(MetricContract):
    kit = small_project
    out_of_memory = "raise tf.errors.ResourceExhaustedError(None, None, 'OOM of 20 GiB')"
    numbers = ("tf.constant([0.5])", "tf.Variable(0.5)")
    no_numbers = ("tf.zeros(2)", "tf.constant(True)")
    private = PRIVATE


@pytest.mark.parametrize("batch", [1, 3, 8, 20, 50])
def test_it_sees_the_slice_asked_for(project: Path, batch: int) -> None:
    write_module(project, NUMBERED.format(batch=batch, less=0))
    backend = ready(project, **TINY)
    genome = random_genomes(backend.supernet.space, 1)[0]
    backend.measure(genome, WHOLE)  # the first time it is asked once more, to see whether it traces

    def seen(data: EvaluationSubset) -> list[int]:
        found = backend.user._module.SEEN
        found.clear()
        metric = backend.measure(genome, data).metric
        flat: list[int] = sum(found, [])
        assert metric == pytest.approx(sum(flat) / len(flat)), "the mean is weighted by images"
        return flat

    for _ in range(2):
        assert seen(WHOLE) == seen(EvaluationSubset(images=500)) == list(range(20))
    ten = seen(EvaluationSubset(images=10))
    assert len(set(ten)) == 10 and ten == sorted(ten) and ten[0] == 0 and ten[-1] == 19
    assert [seen(EvaluationSubset(images=10, half=half)) for half in (0, 1)] == [
        ten[0::2],
        ten[1::2],
    ]


def test_it_sees_exactly_as_many_images_as_data_num_says(project: Path) -> None:
    write_module(project, NUMBERED.format(batch=8, less=3))
    backend = ready(project, **TINY)
    [genome] = random_genomes(backend.supernet.space, 1)
    first = backend.measure(genome, WHOLE).metric
    backend.user._module.SEEN.clear()
    metric = backend.measure(genome, WHOLE).metric
    assert first == metric
    assert backend.user._module.SEEN == [[*range(8)], [*range(8, 16)], [16]]
    assert metric == pytest.approx(8.0)


def test_data_that_does_not_fit_is_read_anew(project: Path) -> None:
    write_module(project, NUMBERED.format(batch=8, less=3))
    backend = ready(project, resource__image_cache=1000 / 1024**3, **TINY)
    genome = random_genomes(backend.supernet.space, 1)[0]
    backend.measure(genome, WHOLE)
    for _ in range(2):
        backend.user._module.SEEN.clear()
        assert backend.measure(genome, WHOLE).metric == pytest.approx(8.0)
        assert sum(backend.user._module.SEEN, []) == list(range(17))
    assert backend.data.cache.is_full


@pytest.mark.parametrize(
    "statement, traced",
    [
        ("return tf.reduce_mean(tf.cast(tf.argmax(outputs, 1) == inputs, tf.float32))", True),
        (
            "return tf.reduce_mean(tf.cast(tf.keras.backend.in_top_k(outputs,"
            " tf.cast(inputs, tf.int32), 3), tf.float32))",
            True,
        ),
        ("return np.mean(np.argmax(outputs.numpy(), 1) == inputs.numpy())", False),
        ("return accuracy_score(inputs, np.argmax(outputs, 1))", False),
        ("return tf.random.uniform(())", False),
        ("return 0.25", True),
    ],
    ids=["traceable", "in_top_k", "numpy", "scikit-learn", "random", "constant"],
)
def test_it_is_a_graph_where_that_gives_the_same(
    project: Path, statement: str, traced: bool
) -> None:
    write_module(
        project,
        f"""
        from sklearn.metrics import accuracy_score

        CALLS = []

        class UserModule(UserModule):
            def metrics_op(self, inputs, outputs):
                CALLS.append(1)
                {statement}
        """,
    )
    backend = ready(project, **TINY, dataset__val_dir="60")
    [genome] = random_genomes(backend.supernet.space, 1)
    first = backend.measure(genome, WHOLE)
    assert first.failure is None and backend.measure(genome, WHOLE) == first
    assert backend.user._metric.traced == traced
    calls = len(backend.user._module.CALLS)
    if traced:
        assert calls == 2, "once eagerly, once to make the graph"
    else:
        assert calls >= 2 * 8


def test_a_metric_that_branches_on_values_is_right(project: Path) -> None:
    # Traced without autograph it could take the branch of the first batch forever.
    write_module(
        project,
        """
        class UserModule(UserModule):
            def metrics_op(self, inputs, outputs):
                if tf.reduce_sum(inputs) > 30:
                    return tf.constant(1.0)
                return tf.constant(0.0)
        """,
    )
    backend = ready(project, **TINY)
    labels = [batch[1] for batch in backend.data.evaluation(None, None)]
    expected = sum(len(batch) for batch in labels if sum(batch) > 30) / 20
    assert 0 < expected < 1
    [genome] = random_genomes(backend.supernet.space, 1)
    assert backend.measure(genome, WHOLE).metric == pytest.approx(expected)


KERAS_METRIC = """
    class UserModule(UserModule):
        def __init__(self, epoch, batch_size):
            super().__init__(epoch, batch_size)
            self.accuracy = tf.keras.metrics.SparseCategoricalAccuracy()

        def metrics_op(self, inputs, outputs):
            self.accuracy.update_state(inputs, outputs)
            return self.accuracy.result()
"""

PLAIN_ACCURACY = """
    class UserModule(UserModule):
        def metrics_op(self, inputs, outputs):
            right = tf.argmax(outputs, 1) == tf.cast(inputs, tf.int64)
            return tf.reduce_mean(tf.cast(right, tf.float32))
"""


def test_a_metric_of_keras_forgets_between_batches_and_candidates(project: Path) -> None:
    found = []
    for module in (KERAS_METRIC, PLAIN_ACCURACY):
        write_module(project, module)
        backend = ready(project)
        genomes = random_genomes(backend.supernet.space, 3)
        found.append([backend.measure(genome, WHOLE).metric for genome in [*genomes, genomes[0]]])
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ("tf.keras.metrics.sparse_categorical_accuracy(inputs, outputs)",
         "tf.reduce_mean(tf.cast(tf.equal(tf.argmax(outputs, 1), inputs), tf.float32))"),
        ("np.argmax(outputs, 1) == np.asarray(inputs)",
         "float(np.mean(np.argmax(outputs, 1) == np.asarray(inputs)))"),
    ],
)  # fmt: skip
def test_a_value_for_each_image_counts_as_their_mean(project: Path, values: str, mean: str) -> None:
    """As Keras's functions return it; batches of other sizes at the end included."""
    found = []
    for statement in (values, mean):
        write_module(
            project,
            f"class UserModule(UserModule):\n    def metrics_op(self, inputs, outputs):\n"
            f"        return {statement}\n",
        )
        backend = ready(project, **TINY)
        [genome] = random_genomes(backend.supernet.space, 1)
        backend.measure(genome, WHOLE)  # afterwards it may be a graph
        found.append(backend.measure(genome, WHOLE).metric)
    assert found[0] == pytest.approx(found[1])
