"""Exported files in the runtimes that they are for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from nasea.backends.export.exporter import Array, Run


def load_onnx(path: Path, threads: int | None = None) -> Run:
    """Return an ONNX file in ONNX Runtime on the CPU.

    Args:
        path: the file.
        threads: how many; ``None`` for what the runtime thinks best.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()

    def run(images: Array) -> list[Array]:
        return list(session.run(None, {given.name: images}))

    return run


def load_pt2(path: Path, threads: int | None = None) -> Run:
    """Load a file of torch.export, which runs torch's code only, on the threads of torch."""
    network = torch.export.load(path).module()

    def run(images: Array) -> list[Array]:
        with torch.no_grad():
            return [tensor.numpy() for tensor in network(torch.from_numpy(images))]

    return run


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch compute on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
