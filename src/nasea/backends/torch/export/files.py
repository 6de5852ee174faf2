"""Writes and runs the files of each format for PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from nasea.backends.export.calibration import in_chunks
from nasea.backends.export.exporter import Array, Run, Written
from nasea.backends.export.host.litert import load_tflite
from nasea.backends.export.host.onnx_precision import to_float16, to_int8
from nasea.backends.export.host.openvino import load_openvino, write_openvino
from nasea.backends.torch.export.coreml import write_coreml
from nasea.backends.torch.export.executorch import (
    load_executorch,
    write_executorch,
    write_executorch_int8,
)
from nasea.backends.torch.export.litert import quantise_litert, write_litert
from nasea.backends.torch.export.runtimes import load_onnx, load_pt2
from nasea.backends.torch.export.writers import write_onnx, write_pt2

_CHUNK = 32
"""Number of images per calibration batch, for files with any batch size."""


@dataclass(frozen=True)
class ExportRequest:
    """A request to write a file.

    Attributes:
        network: in evaluation mode, on the CPU.
        example: (N, C, H, W) images, N at least 3 and at least ``batch``.
        path: path of the new file.
        batch: batch size of the file; ``None`` for any.
        calibration: (N, C, H, W) images that calibrate activation ranges; for int8 only.
        names: names of the network's output tensors.
    """

    network: nn.Module
    example: torch.Tensor
    path: Path
    batch: int | None
    calibration: Array | None
    names: tuple[str, ...]

    @property
    def images(self) -> torch.Tensor:
        """One batch of images, for a file with a fixed batch size."""
        return self.example[: self.batch]

    @property
    def chunks(self) -> Iterator[Array]:
        """The calibration images, in batches of the file's batch size."""
        assert self.calibration is not None, "the pipeline gives them for int8"
        return in_chunks(self.calibration, self.batch or _CHUNK)


@dataclass(frozen=True)
class Files:
    """The functions that write and run the files of a format.

    Attributes:
        write: writes a file.
        load: returns a function that runs a file, given the number of threads, ``None`` for the
            runtime's default; ``None`` if nothing here can run it.
    """

    write: Callable[[ExportRequest], Written]
    load: Callable[[Path, int | None], Run] | None


def _onnx(request: ExportRequest) -> Written:
    return Written(write_onnx(request.network, request.example, request.path, request.batch))


def _onnx_float16(request: ExportRequest) -> Written:
    with _float32(request) as (source, log):
        to_float16(source, request.path)
    return Written(log)


def _onnx_int8(request: ExportRequest) -> Written:
    with _float32(request) as (source, log):
        return Written(log, to_int8(source, request.path, request.chunks))


@contextmanager
def _float32(request: ExportRequest) -> Iterator[tuple[Path, str]]:
    """Provide the network as a checked float32 ONNX file, and the exporter's messages."""
    source = request.path.with_name(f"{request.path.name}.float32")
    try:
        yield source, write_onnx(request.network, request.example, source, request.batch)
    finally:
        source.unlink(missing_ok=True)


def _pt2(request: ExportRequest) -> Written:
    write_pt2(request.network, request.example, request.path, request.batch)
    return Written()


def _tflite(request: ExportRequest) -> Written:
    write_litert(request.network, request.images, request.path)
    return Written()


def _tflite_int8(request: ExportRequest) -> Written:
    source = request.path.with_name(f"{request.path.name}.float32")
    try:
        write_litert(request.network, request.images, source)
        return Written(in_float32=quantise_litert(source, request.path, request.chunks))
    finally:
        source.unlink(missing_ok=True)


def _executorch(request: ExportRequest) -> Written:
    write_executorch(request.network, request.images, request.path)
    return Written()


def _executorch_int8(request: ExportRequest) -> Written:
    given = request.network, request.images, request.path, request.chunks
    return Written(in_float32=write_executorch_int8(*given))


def _coreml(precision: str) -> Callable[[ExportRequest], Written]:
    def write(request: ExportRequest) -> Written:
        write_coreml(request.network, request.images, request.names, request.path, precision)
        return Written()

    return write


def _openvino(request: ExportRequest) -> Written:
    with _float32(request) as (source, log):
        write_openvino(source, request.path)
    return Written(log)


def _openvino_int8(request: ExportRequest) -> Written:
    quantised = request.path.with_name(f"{request.path.name}.int8")
    try:
        with _float32(request) as (source, log):
            in_float32 = to_int8(source, quantised, request.chunks)
        write_openvino(quantised, request.path)
        return Written(log, in_float32)
    finally:
        quantised.unlink(missing_ok=True)


FILES = {
    "onnx": Files(_onnx, load_onnx),
    "onnx-float16": Files(_onnx_float16, load_onnx),
    "onnx-int8": Files(_onnx_int8, load_onnx),
    "pt2": Files(_pt2, load_pt2),
    "tflite": Files(_tflite, load_tflite),
    "tflite-int8": Files(_tflite_int8, load_tflite),
    "executorch": Files(_executorch, load_executorch),
    "executorch-int8": Files(_executorch_int8, load_executorch),
    "coreml": Files(_coreml("float32"), None),
    "coreml-float16": Files(_coreml("float16"), None),
    "openvino": Files(_openvino, load_openvino),
    "openvino-int8": Files(_openvino_int8, load_openvino),
}
"""The functions by name of the format."""
