"""OpenVINO on this machine's CPU: ONNX files converted, and run."""

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
        source: the network as an ONNX file; of int8 weights are int8 there too.
        path: the folder; it is made.

    Raises:
        ExportError: OpenVINO has no operator for something in the network.
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
    """Return a folder of :func:`write_openvino` on the CPU, computing in the precision of the file.

    Args:
        path: the folder.
        threads: how many; ``None`` for what the runtime thinks best.
    """
    openvino = optional("openvino", "openvino")
    # By default it computes in bfloat16 on CPUs that have it, so a float32 file would not be exact.
    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = str(threads)
    with held_back():
        model = openvino.Core().compile_model(path / _MODEL, "CPU", options)

    def run(images: Array) -> list[Array]:
        outputs = model([images])
        return [outputs[number].copy() for number in range(len(model.outputs))]

    return run
