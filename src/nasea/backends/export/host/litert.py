"""LiteRT (TensorFlow Lite) on this machine's CPU, with one thread."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.export.exporter import Array
from nasea.backends.export.exporter import Run as RunFile
from nasea.backends.export.host.timing import Run
from nasea.backends.user.held_back import held_back
from nasea.errors import NotAvailableError
from nasea.install import install_line


def runner(model: bytes | Path) -> Run:
    """Return a function that runs a model on one image in a new interpreter.

    Raises:
        NotAvailableError: LiteRT is not installed.
    """
    source: dict[str, Any] = (
        {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
    )
    interpreter = _interpreter()(num_threads=1, **source)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(0)
    for item in interpreter.get_input_details():
        values = rng.normal(size=item["shape"]).astype(item["dtype"])
        interpreter.set_tensor(item["index"], values)
    run: Run = interpreter.invoke
    return run


def load_tflite(path: Path, threads: int | None = None) -> RunFile:
    """Return a function that runs a TFLite file in LiteRT.

    Args:
        path: the file.
        threads: number of threads; ``None`` for the runtime's default.
    """
    with held_back():  # it prints a message for every delegate
        interpreter = _interpreter()(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    outputs = [one["index"] for one in interpreter.get_output_details()]
    is_free = given["shape_signature"][0] == -1
    size = int(given["shape"][0])

    def run(images: Array) -> list[Array]:
        nonlocal size
        if is_free and len(images) != size:
            interpreter.resize_tensor_input(given["index"], images.shape)
            interpreter.allocate_tensors()
            size = len(images)
        interpreter.set_tensor(given["index"], images)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    return run


def float_operators(path: Path) -> tuple[str, ...]:
    """Return the kinds of operators in a TFLite file that compute in floating point."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # delegates hide their operators
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    floats = {
        each["index"]
        for each in interpreter.get_tensor_details()
        if np.issubdtype(each["dtype"], np.floating)
    }
    return tuple(
        sorted(
            {
                each["op_name"]
                for each in interpreter._get_ops_details()
                if each["op_name"] != "DEQUANTIZE" and floats.intersection(each["outputs"])
            }
        )
    )


def release() -> str:
    """Return the name and version of the runtime."""
    _interpreter()
    return f"LiteRT {version('ai-edge-litert')}"


def _interpreter() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise NotAvailableError(
            f"LiteRT cannot be imported: {error}", fix=install_line("litert")
        ) from error
    return Interpreter
