"""ONNX Runtime on this machine's CPU, with one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.export.host.timing import Run
from nasea.errors import NotAvailableError
from nasea.install import install_line


def runner(model: bytes | Path) -> Run:
    """Return a function that runs a model on one image in a new session.

    Args:
        model: the model or its file; dynamic sizes of its inputs are set to 1.

    Raises:
        NotAvailableError: ONNX Runtime is not installed.
    """
    ort = _runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    inputs = {
        item.name: rng.normal(
            size=[size if isinstance(size, int) else 1 for size in item.shape]
        ).astype(np.float32)
        for item in session.get_inputs()
    }
    # Bind inputs and outputs once, so that the timing excludes the binding of Python values.
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)

    def run() -> None:
        session.run_with_iobinding(binding)

    return run


def release() -> str:
    """Return the name and version of the runtime."""
    return f"ONNX Runtime {_runtime().__version__}"


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise NotAvailableError(
            f"ONNX Runtime cannot be imported: {error}", fix=install_line("torch")
        ) from error
    return onnxruntime
