"""The formats that a network can be exported to."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

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
        exact: whether it computes in float32, so that its predictions must be the model's.
    """

    name: str
    framework: str
    suffix: str
    runtime: str
    packages: tuple[tuple[str, str], ...] = ()
    exact: bool = True


_ONNX = (("onnx", "onnx"), ("onnxruntime", "onnxruntime"))
_LITERT = (("ai_edge_litert", "ai-edge-litert"),)

FORMATS = {
    each.name: each
    for each in (
        Format("onnx", "pytorch", ".onnx", "ONNX Runtime", _ONNX),
        Format("pt2", "pytorch", ".pt2", "torch.export"),
        Format("pb", "tensorflow", ".pb", "TensorFlow"),
        Format("savedmodel", "tensorflow", ".savedmodel", "TensorFlow"),
        Format("tflite", "tensorflow", ".tflite", "LiteRT", _LITERT),
        Format("tflite-float16", "tensorflow", ".float16.tflite", "LiteRT", _LITERT, exact=False),
        Format("tflite-int8", "tensorflow", ".int8.tflite", "LiteRT", _LITERT, exact=False),
    )
}
"""Every format by name; the first of a framework is what is exported when nothing is said."""


def formats_of(framework: str) -> list[str]:
    """Names of the formats that networks of ``framework`` can be exported to."""
    return [each.name for each in FORMATS.values() if each.framework == framework]


def find_format(name: str, framework: str) -> Format:
    """The format of that name, whose runtime is there.

    Args:
        name: as the user wrote it.
        framework: ``pytorch`` or ``tensorflow``, of the network to export.

    Raises:
        NotAvailableError: there is no such format, it is of the other framework, or what runs it
            is not installed.
    """
    found = FORMATS.get(name.lower())
    title = FRAMEWORKS[framework].title
    own = ", ".join(formats_of(framework))
    if found is None:
        raise NotAvailableError(
            f"--format {name}: there is no such format", fix=f"formats of {title}: {own}"
        )
    if found.framework != framework:
        raise NotAvailableError(
            f"--format {found.name} is for networks of {FRAMEWORKS[found.framework].title}, and "
            f"this one is of {title}",
            fix=f"formats of {title}: {own}",
        )
    missing = [package for module, package in found.packages if find_spec(module) is None]
    if missing:
        raise NotAvailableError(
            f"--format {found.name} needs {', '.join(missing)}: {found.runtime} runs the file to "
            "check it",
            fix=f"pip install {' '.join(missing)}",
        )
    return found
