"""Which device a run with TensorFlow gets, and in which layout it computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from contracts.metric import TINY
from contracts.module_errors import failure
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.devices import device_name, open_device
from nasea.errors import NotAvailableError, Notice, UserCodeError

from .project import attached, random_genomes, ready, scenario, train, weights, write_module

FIRST = {"supernet__input_shape": [1, 8, 8], "supernet__data_format": "channels_first"}

# Data, PreNet and PostNet have their channels first; convolutions are computed with them last.
CHANNELS_FIRST = """
    class UserModule(UserModule):
        def build_dataset_search(self, dataset_dir, is_training):
            dataset, n = super().build_dataset_search(dataset_dir, is_training)
            return dataset.map(lambda x, y: (tf.transpose(x, (0, 3, 1, 2)), y)), n

    class PreNet(PreNet):
        def call(self, inputs, training=True):
            outputs = super().call(tf.transpose(inputs, (0, 2, 3, 1)), training)
            return tf.transpose(outputs, (0, 3, 1, 2))

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            assert inputs.shape[1] == 12, "PostNet gets channels first"
            return self.classifier(tf.reduce_mean(inputs, (2, 3)))
"""


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: [])
    monkeypatch.setattr("nasea.backends.tensorflow.devices.show_only", lambda gpu_id: None)


@pytest.mark.usefixtures("no_gpu")
def test_no_gpu_is_told_and_the_cpu_used() -> None:
    notices: list[Notice] = []
    device = open_device(scenario(resource__device="auto", resource__gpu_ids=[0, 1]), notices)
    assert device == "/CPU:0" and device_name(device) == "CPU"
    texts = " ".join(str(notice) for notice in notices)
    assert "no CUDA device" in texts


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_was_asked_for_must_be_there() -> None:
    asked = scenario(resource__device="cuda")
    error = failure(NotAvailableError, lambda: open_device(asked, []))
    assert "resource.device: cuda" in error.message and "tensorflow[and-cuda]" in str(error.fix)


def test_a_process_too_many_has_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("list_physical_devices", "list_logical_devices"):
        monkeypatch.setattr(tf.config, name, lambda kind=None: ["a GPU"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, grows: None)
    monkeypatch.setattr("nasea.backends.tensorflow.devices.show_only", lambda gpu_id: None)
    asked = scenario(resource__device="cuda", resource__gpu_ids=[0, 1])
    assert open_device(asked, [], 1, 3) == "/GPU:0"
    error = failure(NotAvailableError, lambda: open_device(asked, [], 2, 3))
    assert "names 2 devices" in error.message and "for each process" in str(error.fix)


def test_the_cpu_leaves_the_visible_devices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasea.backends.tensorflow.devices.show_only", _never)
    assert open_device(scenario(resource__device="cpu", resource__gpu_ids=[9]), []) == "/CPU:0"


def _never(gpu_id: int) -> None:
    raise AssertionError("CUDA_VISIBLE_DEVICES is not to be changed")


def test_channels_first_computes_the_same(project: Path) -> None:
    last = ready(project)
    found: list[Any] = [last]
    write_module(project, CHANNELS_FIRST)
    first = ready(project, **FIRST)
    assert first.file_options.data_format == "channels_first"
    found = [[report.loss for report in train(backend)] for backend in (last, first)]
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    for name, value in weights(last).items():
        np.testing.assert_allclose(value, weights(first)[name], rtol=1e-2, atol=1e-3)
    [genome] = random_genomes(first.supernet.space, 1)
    assert (
        first.measure(genome, EvaluationSubset()).metric
        == last.measure(genome, EvaluationSubset()).metric
    )


def computes_channels_first() -> bool:
    """GPUs do; of CPUs those for which oneDNN has such kernels."""
    try:
        tf.nn.conv2d(tf.ones((1, 3, 4, 4)), tf.ones((3, 3, 3, 2)), 1, "SAME", data_format="NCHW")
    except tf.errors.OpError:
        return False
    return True


def test_convolutions_the_device_cannot_compute_are_refused_before_training(project: Path) -> None:
    write_module(
        project,
        """
        class UserModule(UserModule):
            def build_dataset_search(self, dataset_dir, is_training):
                dataset, n = super().build_dataset_search(dataset_dir, is_training)
                return dataset.map(lambda x, y: (tf.transpose(x, (0, 3, 1, 2)), y)), n

        class PreNet(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.pool = tf.keras.layers.MaxPooling2D(2, data_format="channels_first")

            def call(self, inputs, training=True):
                return self.pool(inputs)
        """,
    )
    if computes_channels_first():
        pytest.skip("this device can")
    error = failure(UserCodeError, lambda: attached(project, **TINY | FIRST))
    assert "PreNet.call" in error.doing
    assert "cannot compute" in str(error.fix) and "channels_last" in str(error.fix)
