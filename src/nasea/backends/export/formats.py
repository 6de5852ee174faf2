"""The formats that a network can be exported to."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from nasea.errors import NotAvailableError
from nasea.terms import FRAMEWORKS


@dataclass(frozen=True)
class Format:
    """A file format for deploying a network.

    Attributes:
        name: its name in ``nasea export --format``.
        framework: framework of the networks that can be exported to it.
        suffix: file name suffix.
        runtime: the runtime that runs such files, and checks them here.
        packages: required packages besides the framework: module -> package.
        precision: precision of the computation; for ``float16``, possibly of the weights only.
        fixed: whether a file has a fixed batch size, 1 by default.
        runs_here: whether nasea runs it; files for other systems only are written, not checked.
    """

    name: str
    framework: str
    suffix: str
    runtime: str
    packages: tuple[tuple[str, str], ...] = ()
    precision: Literal["float32", "float16", "int8"] = "float32"
    fixed: bool = False
    runs_here: bool = True

    @property
    def exact(self) -> bool:
        """Whether its predictions must equal the network's."""
        return self.precision == "float32"

    @property
    def missing(self) -> list[str]:
        """The required packages that are not installed."""
        return [package for module, package in self.packages if find_spec(module) is None]


_ONNX = (("onnx", "onnx"), ("onnxruntime", "onnxruntime"))
_LITERT = (("ai_edge_litert", "ai-edge-litert"),)
_LITERT_TORCH = (
    ("litert_torch", "litert-torch"),
    ("ai_edge_quantizer", "ai-edge-quantizer"),
    *_LITERT,
)
_EXECUTORCH = (("executorch", "executorch"), ("torchao", "torchao"))
_COREML = (("coremltools", "coremltools"),)
_OPENVINO = (("openvino", "openvino"), *_ONNX)

FORMATS = {
    (each.framework, each.name): each
    for each in (
        Format("onnx", "pytorch", ".onnx", "ONNX Runtime", _ONNX),
        Format("onnx-float16", "pytorch", ".float16.onnx", "ONNX Runtime", _ONNX, "float16"),
        Format("onnx-int8", "pytorch", ".int8.onnx", "ONNX Runtime", _ONNX, "int8"),
        Format("pt2", "pytorch", ".pt2", "torch.export"),
        Format("tflite", "pytorch", ".tflite", "LiteRT", _LITERT_TORCH, fixed=True),
        Format("tflite-int8", "pytorch", ".int8.tflite", "LiteRT", _LITERT_TORCH, "int8", True),
        Format("executorch", "pytorch", ".pte", "ExecuTorch", _EXECUTORCH, fixed=True),
        Format("executorch-int8", "pytorch", ".int8.pte", "ExecuTorch", _EXECUTORCH, "int8", True),
        Format("coreml", "pytorch", ".mlpackage", "Core ML", _COREML, "float32", True, False),
        Format(
            "coreml-float16",
            "pytorch",
            ".float16.mlpackage",
            "Core ML",
            _COREML,
            "float16",
            True,
            False,
        ),
        Format("openvino", "pytorch", ".openvino", "OpenVINO", _OPENVINO),
        Format("openvino-int8", "pytorch", ".int8.openvino", "OpenVINO", _OPENVINO, "int8"),
        Format("pb", "tensorflow", ".pb", "TensorFlow"),
        Format("savedmodel", "tensorflow", ".savedmodel", "TensorFlow"),
        Format("tflite", "tensorflow", ".tflite", "LiteRT", _LITERT),
        Format("tflite-float16", "tensorflow", ".float16.tflite", "LiteRT", _LITERT, "float16"),
        Format("tflite-int8", "tensorflow", ".int8.tflite", "LiteRT", _LITERT, "int8"),
    )
}
"""All formats by framework and name; the first of a framework is the default."""


def formats_of(framework: str) -> list[str]:
    """Return the names of the formats to which networks of ``framework`` can be exported."""
    return [each.name for each in FORMATS.values() if each.framework == framework]


def find_format(name: str, framework: str) -> Format:
    """Return the format with that name; check that its runtime is installed.

    Args:
        name: as the user wrote it.
        framework: ``pytorch`` or ``tensorflow``, the framework of the network.

    Raises:
        NotAvailableError: there is no such format, it belongs to the other framework, or its
            runtime is not installed.
    """
    found = FORMATS.get((framework, name.lower()))
    title = FRAMEWORKS[framework].title
    own = ", ".join(formats_of(framework))
    if found is None:
        others = [each for each in FORMATS.values() if each.name == name.lower()]
        if not others:
            raise NotAvailableError(
                f"--format {name}: there is no such format", fix=f"formats of {title}: {own}"
            )
        raise NotAvailableError(
            f"--format {others[0].name} is for networks of "
            f"{FRAMEWORKS[others[0].framework].title}, and this one is of {title}",
            fix=f"formats of {title}: {own}",
        )
    missing = found.missing
    if missing:
        raise NotAvailableError(
            f"--format {found.name} needs {', '.join(missing)}, to write the file for "
            f"{found.runtime} and to check it",
            fix=f"pip install {' '.join(missing)}",
        )
    return found
