"""OpenVINO on this machine's CPU: converts ONNX files and runs them."""

from __future__ import annotations

from pathlib import Path

from nasea.backends.export.exporter import Array, Run
from nasea.backends.export.packages import optional
from nasea.backends.user.held_back import held_back
from nasea.errors import ExportError

_MODEL = "model.xml"


def write_openvino(source: Path, path: Path) -> None:
    """Write a folder with ``model.xml`` and ``model.bin``.

    Args:
        source: the network as an ONNX file; int8 weights stay int8.
        path: the folder; it is created.

    Raises:
        ExportError: OpenVINO does not support an operator of the network.
    """
    openvino = optional("openvino", "openvino")
    path.mkdir()
    try:
        with held_back():
            model = openvino.convert_model(source)
            openvino.save_model(model, path / _MODEL, compress_to_fp16=False)
    except OSError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise ExportError(
            f"the network cannot be written for OpenVINO: {lines[-1] if lines else error}",
            fix="use another --format",
        ) from error


def load_openvino(path: Path, threads: int | None = None) -> Run:
    """Return a function that runs such a folder on the CPU, in the precision of the file.

    Args:
        path: a folder written by :func:`write_openvino`.
        threads: number of threads; ``None`` for the runtime's default.
    """
    openvino = optional("openvino", "openvino")
    # By default OpenVINO uses bfloat16 on CPUs that support it, so float32 would not be exact.
    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = str(threads)
    with held_back():
        model = openvino.Core().compile_model(path / _MODEL, "CPU", options)

    def run(images: Array) -> list[Array]:
        outputs = model([images])
        return [outputs[number].copy() for number in range(len(model.outputs))]

    return run
