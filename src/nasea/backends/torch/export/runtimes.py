"""Runs exported files in their runtimes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from nasea.backends.export.exporter import Array, Run


def load_onnx(path: Path, threads: int | None = None) -> Run:
    """Return a function that runs an ONNX file in ONNX Runtime on the CPU.

    Args:
        path: the file.
        threads: number of threads; ``None`` for the runtime's default.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Processors without VNNI add products of 8 bits in 16, which overflows: predictions would be
    # worse than on the device. This has them computed as on others.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()

    def run(images: Array) -> list[Array]:
        return list(session.run(None, {given.name: images}))

    return run


def load_pt2(path: Path, threads: int | None = None) -> Run:
    """Return a function that runs a torch.export file without user code, on torch's threads."""
    network = torch.export.load(path).module()

    def run(images: Array) -> list[Array]:
        with torch.no_grad():
            return [tensor.numpy() for tensor in network(torch.from_numpy(images))]

    return run


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch to one thread in the context."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
