"""The formats that a network can be exported to."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from nasea.errors import NotAvailableError
from nasea.terms import FRAMEWORKS


@dataclass(frozen=True)
class Format:
    """A kind of file for shipping a network.

    Attributes:
        name: as ``nasea export --format`` takes it.
        framework: of the networks that can be exported to it.
        suffix: what the file's name ends with.
        runtime: what runs such a file, and checks it here.
        packages: what must be installed besides the framework: module -> package.
        precision: what it computes in; of ``float16`` it may be the weights only.
        fixed: whether a file takes a fixed number of images, one where nothing else is asked for.
        runs_here: whether nasea runs it; what only another system runs is written, not checked.
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
        """Whether its predictions must be the network's."""
        return self.precision == "float32"

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed."""
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
"""Every format by framework and name; the first of a framework is what is exported when nothing is
said."""


def formats_of(framework: str) -> list[str]:
    """Return names of the formats that networks of ``framework`` can be exported to."""
    return [each.name for each in FORMATS.values() if each.framework == framework]


def find_format(name: str, framework: str) -> Format:
    """Return the format of that name; check that its runtime is installed.

    Args:
        name: as the user wrote it.
        framework: ``pytorch`` or ``tensorflow``, of the network to export.

    Raises:
        NotAvailableError: there is no such format, it is of the other framework, or what runs it
            is not installed.
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
