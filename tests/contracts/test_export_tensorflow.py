"""What TensorFlow exports keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ai_edge_litert.interpreter import Interpreter

from nasea.backends.export.exporter import Array
from nasea.backends.tensorflow.environment import load_tensorflow
from pipeline.project import Recorder
from results.model_files import Load, load

from .export import ExportContract

__all__ = ["load"]

pytest_plugins = ["pipeline.fixtures"]

load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.export.exporter import TensorFlowExporter  # noqa: E402
from nasea.backends.tensorflow.export.runtimes import seconds_alone  # noqa: E402

UNSUPPORTED = """

class Odd(PostNet):
    def call(self, inputs, training=True):
        return tf.math.bessel_i0e(super().call(inputs, training))

PostNet = Odd
"""

NESTED = """

class Nested(PostNet):
    def call(self, inputs, training=True):
        logits = super().call(inputs, training)
        return {"out": logits, "aux": [2 * logits, tf.argmax(logits, 1)], "off": None}

class Unpacking(UserModule):
    def metrics_op(self, inputs, outputs):
        return super().metrics_op(inputs, outputs["out"])

PostNet, UserModule = Nested, Unpacking
"""


NOT_FINITE = """

class Broken(UserModule):
    def build_dataset_search(self, dataset_dir, is_training):
        dataset, count = super().build_dataset_search(dataset_dir, is_training)
        if is_training:
            first = lambda i, pair: (pair[0] / tf.cast(i == 0, tf.float32), pair[1])
            dataset = dataset.enumerate().map(first)
        return dataset, count

UserModule = Broken
"""


NO_INT8 = """

class Odd(PostNet):
    def call(self, inputs, training=True):
        return tf.math.sin(super().call(inputs, training))

PostNet = Odd
"""


class TestTensorFlowExport(ExportContract):
    framework = "tensorflow"
    other_format = "onnx"
    exporter = TensorFlowExporter
    strict_format = "tflite"

    @pytest.fixture
    @classmethod
    def unsupported(cls) -> tuple[str, str, str]:
        return "tflite", UNSUPPORTED, "BesselI0e"

    @pytest.fixture
    @classmethod
    def nested(cls) -> str:
        return NESTED

    @pytest.fixture
    @classmethod
    def not_finite(cls) -> str:
        return NOT_FINITE

    @pytest.fixture(autouse=True)
    def _loading(self, load: Load, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self.load = load
        module = "nasea.backends.tensorflow.export.exporter.seconds_alone"
        monkeypatch.setattr(module, lambda *_: 1e-3)  # a process of its own takes seconds to start
        yield

    def test_an_operator_without_int8_is_told(self, home: Path) -> None:
        listener = Recorder()
        self.export("tflite-int8", listener=listener)
        assert "in float32" not in listener.text
        with (home / "user_module.py").open("a") as module:
            module.write(NO_INT8)
        (one,) = self.export("tflite-int8", listener=listener)
        assert f"{one.path.name} computes SIN in float32" in listener.text

    def model_outputs(self, model_file: Path, images: Array) -> Array:
        output: Array = self.load(model_file).load_model()(images).numpy()
        return output

    def run_file(self, path: Path, images: Array) -> Array:
        interpreter = Interpreter(model_path=str(path))
        (given,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
        if given["shape_signature"][0] == -1:
            interpreter.resize_tensor_input(given["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], images)
        interpreter.invoke()
        result: Array = interpreter.get_tensor(output["index"])
        return result

    def test_frozen_graphs_are_timed_in_a_process_of_their_own(self, home: Path) -> None:
        (one,) = self.export("pb")
        seconds = seconds_alone("pb", one.path, ["output"], (1, 8, 8, 1))
        assert 0 < seconds < 1
