"""What PyTorch exports keeps the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from nasea.backends.export.exporter import Array, Run
from nasea.backends.torch.export import writers
from nasea.backends.torch.export.exporter import TorchExporter
from nasea.backends.torch.export.runtimes import load_onnx
from nasea.errors import ExportError, NaseaError
from pipeline.project import Recorder
from results.model_files import Load, load

from .export import ExportContract, N, with_cards

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


NOT_FINITE = """

class Broken(UserModule):
    def dataset_define(self, dataset_dir, is_training):
        dataset = super().dataset_define(dataset_dir, is_training)
        if is_training:
            dataset.images[32:] = float("nan")
        return dataset

UserModule = Broken
"""

NO_INT8 = """

class Odd(PostNet):
    def forward(self, inputs):
        return torch.erf(super().forward(inputs))

PostNet = Odd
"""


class TestTorchExport(ExportContract):
    framework = "pytorch"
    other_format = "pb"
    exporter = TorchExporter
    strict_format = "onnx"

    @pytest.fixture
    @classmethod
    def unsupported(cls) -> tuple[str, str, str]:
        return "onnx", UNSUPPORTED, "special_i0e"

    @pytest.fixture
    @classmethod
    def nested(cls) -> str:
        return NESTED

    @pytest.fixture
    @classmethod
    def not_finite(cls) -> str:
        return NOT_FINITE

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
        assert {path.name for path in earlier.path.parent.iterdir()} == with_cards(
            earlier.path.name
        )

    def test_an_operator_without_int8_is_told(self, home: Path) -> None:
        with (home / "user_module.py").open("a") as module:
            module.write(NO_INT8)
        listener = Recorder()
        (one,) = self.export("onnx-int8", listener=listener)
        assert one.path.exists()
        assert f"{one.path.name} computes Erf, ReduceMean in float32" in listener.text

    def test_a_runtime_older_than_onnx_files_is_no_fault_of_the_network(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def load(*given: Any) -> Run:
            raise RuntimeError("Unsupported model IR version: 99, max supported IR version: 8")

        monkeypatch.setattr(writers, "load_onnx", load)
        with pytest.raises(ExportError, match="runtime is older than ONNX files") as caught:
            self.export()
        assert "pip install --upgrade onnxruntime" in str(caught.value.fix)

    def test_int8_is_int8(self, home: Path) -> None:
        (one,) = self.export("onnx-int8")
        model = onnx.load(one.path)
        assert {each.domain for each in model.opset_import} == {""}
        made = {name: node for node in model.graph.node for name in node.output}
        weights = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
        products = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
        assert len(products) > 4
        for node in products:
            image, weight = made[node.input[0]], made[node.input[1]]
            assert image.op_type == weight.op_type == "DequantizeLinear"
            values, scales = (weights[name] for name in weight.input[:2])
            assert values.dtype == np.int8
            assert len(scales) == len(values)  # a scale for every channel
            assert weights[image.input[1]].shape == ()

    def test_results_that_cannot_be_used(self, home: Path) -> None:
        path = home / "results/front.json"
        content = json.loads(path.read_text())
        faults: list[tuple[Callable[[], object], str]] = [
            (lambda: path.write_text(json.dumps(content | {"version": 99})), "format version 99"),
            (lambda: path.write_text(json.dumps(_reblocked(content))), "not a network of"),
            (lambda: path.write_text(json.dumps(_recounted(content))), "parameters, but"),
        ]
        for damage, message in faults:
            kept = {p: p.read_bytes() for p in (home / "results").iterdir() if p.is_file()}
            damage()
            with pytest.raises(NaseaError, match=message) as caught:
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
