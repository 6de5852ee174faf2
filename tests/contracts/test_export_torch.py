"""What PyTorch exports keeps the contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nasea.backends.exporting import Array
from nasea.backends.torch.exporter import TorchExporter
from nasea.backends.torch.runtimes import load_onnx
from pipeline.project import Project
from results.model_files import Load, load

from .export import ExportContract

__all__ = ["load"]

pytest_plugins = ["pipeline.fixtures"]

UNSUPPORTED = """

class Odd(PostNet):
    def forward(self, inputs):
        return torch.special.i0e(super().forward(inputs))

PostNet = Odd
"""


class TestTorchExport(ExportContract):
    framework = "pytorch"
    other_format = "tflite"

    @pytest.fixture(scope="class")
    @classmethod
    def searched(cls, finished: Project) -> Path:
        return finished.home

    @pytest.fixture
    @classmethod
    def unsupported(cls) -> tuple[str, str, str]:
        return "onnx", UNSUPPORTED, "special_i0e"

    @pytest.fixture(autouse=True)
    def _loading(self, load: Load) -> Iterator[None]:
        self.load = load
        yield
        sys.modules.pop("user_module", None)

    def model_outputs(self, model_file: Path, images: Array) -> Array:
        with torch.no_grad():
            output: Array = self.load(model_file).load_model()(torch.from_numpy(images)).numpy()
        return output

    def run_file(self, path: Path, images: Array) -> Array:
        return load_onnx(path)(images)[0]

    def exporter_class(self) -> Any:
        return TorchExporter
