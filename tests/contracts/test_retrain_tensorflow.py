"""Retraining with TensorFlow keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nasea.backends.tensorflow.environment import load_tensorflow

from .retrain import RetrainContract

pytest_plugins = ["pipeline.fixtures"]

load_tensorflow(keras_version=2)


class TestTensorFlowRetrain(RetrainContract):
    framework = "tensorflow"

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _untimed(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            timed = "nasea.backends.tensorflow.export.exporter.seconds_alone"
            patch.setattr(timed, lambda *_: 1e-3)
            yield
