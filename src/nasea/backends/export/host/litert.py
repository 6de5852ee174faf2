"""LiteRT (TensorFlow Lite) on this machine's CPU, one thread."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.export.host.timing import Run
from nasea.errors import NotAvailableError


def runner(model: bytes | Path) -> Run:
    """A fresh interpreter of a model; calling it runs one image.

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


def release() -> str:
    """Name and version of the runtime."""
    _interpreter()
    return f"LiteRT {version('ai-edge-litert')}"


def _interpreter() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise NotAvailableError(
            f"LiteRT cannot be imported: {error}", fix="pip install 'nasea[litert]'"
        ) from error
    return Interpreter
