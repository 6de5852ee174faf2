"""Retraining with TensorFlow keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nasea.backends.tensorflow.environment import load_tensorflow
from results.model_files import Load, load

from .retrain import RetrainContract

__all__ = ["load"]

pytest_plugins = ["pipeline.fixtures"]

load_tensorflow(keras_version=2)


class TestTensorFlowRetrain(RetrainContract):
    framework = "tensorflow"

    @pytest.fixture(autouse=True)
    def _loading(self, load: Load) -> Iterator[None]:
        self.load = load
        yield

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _untimed(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            timed = "nasea.backends.tensorflow.export.exporter.seconds_alone"
            patch.setattr(timed, lambda *_: 1e-3)
            yield

    def metric(self, home: Path, model_file: Path) -> float:
        model = self.load(model_file).load_model()
        import user_module  # type: ignore[import-not-found]

        user = user_module.UserModule(3, 32)
        dataset, count = user.build_dataset_search("digits/val", False)
        right = sum(
            len(labels) * float(user.metrics_op(labels, model(images, training=False)))
            for images, labels in dataset
        )
        return right / count

    def weights(self, path: Path) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        with h5py.File(path) as file:
            file.visititems(lambda name, item: found.update({name: item}))
            return {k: np.asarray(v) for k, v in found.items() if isinstance(v, h5py.Dataset)}
