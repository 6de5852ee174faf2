"""What PyTorch exports keeps the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nasea.backends.export.exporter import Array, Run
from nasea.backends.torch.export.exporter import TorchExporter
from nasea.backends.torch.export.runtimes import load_onnx
from nasea.errors import ExportError, NaseaError
from results.model_files import Load, load

from .export import ExportContract, N

__all__ = ["load"]

pytest_plugins = ["pipeline.fixtures"]

UNSUPPORTED = """

class Odd(PostNet):
    def forward(self, inputs):
        return torch.special.i0e(super().forward(inputs))

PostNet = Odd
"""

NESTED = """

class Nested(PostNet):
    def forward(self, inputs):
        logits = super().forward(inputs)
        return {"out": logits, "aux": [2 * logits, logits.argmax(1)], "off": None}

class Unpacking(UserModule):
    def metrics_func(self, loader, evaluate):
        return super().metrics_func(loader, lambda images: evaluate(images)["out"])

PostNet, UserModule = Nested, Unpacking
"""


class TestTorchExport(ExportContract):
    framework = "pytorch"
    other_format = "tflite"
    strict_format = "onnx"

    @pytest.fixture
    @classmethod
    def unsupported(cls) -> tuple[str, str, str]:
        return "onnx", UNSUPPORTED, "special_i0e"

    @pytest.fixture
    @classmethod
    def nested(cls) -> str:
        return NESTED

    @pytest.fixture(autouse=True)
    def _loading(self, load: Load) -> Iterator[None]:
        self.load = load
        yield

    def model_outputs(self, model_file: Path, images: Array) -> Array:
        with torch.no_grad():
            output: Array = self.load(model_file).load_model()(torch.from_numpy(images)).numpy()
        return output

    def run_file(self, path: Path, images: Array) -> Array:
        return load_onnx(path)(images)[0]

    def test_a_file_that_does_something_else_is_not_kept(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (earlier,) = self.export()
        before = earlier.path.read_bytes()

        def wrong(self: Any, *given: Any) -> Run:
            return lambda images: [output[:, ::-1] for output in right(self, *given)(images)]

        right: Callable[..., Run] = TorchExporter.load
        monkeypatch.setattr(TorchExporter, "load", wrong)
        with pytest.raises(ExportError, match="is wrong and was not kept"):
            self.export()
        assert earlier.path.read_bytes() == before
        assert [path.name for path in earlier.path.parent.iterdir()] == [earlier.path.name]

    def test_results_that_cannot_be_used(self, home: Path) -> None:
        path = home / "results/front.json"
        content = json.loads(path.read_text())
        faults: list[tuple[Callable[[], object], str]] = [
            (lambda: path.write_text(json.dumps(content | {"version": 99})), "format version 99"),
            (lambda: path.write_text(json.dumps(_reblocked(content))), "not a network of"),
            (lambda: path.write_text(json.dumps(_recounted(content))), "parameters, but"),
        ]
        for damage, told in faults:
            kept = {p: p.read_bytes() for p in (home / "results").iterdir() if p.is_file()}
            damage()
            with pytest.raises(NaseaError, match=told) as caught:
                self.export()
            assert caught.value.fix
            for each, data in kept.items():
                each.write_bytes(data)


def _reblocked(content: Any) -> Any:
    changed = json.loads(json.dumps(content))
    changed["members"][N]["blocks"][0] = "shuffle_k9"
    return changed


def _recounted(content: Any) -> Any:
    changed = json.loads(json.dumps(content))
    changed["members"][N]["parameters"] += 1
    return changed
