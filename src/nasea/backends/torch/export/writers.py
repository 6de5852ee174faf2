"""Writes networks as ONNX and torch.export files, and explains failures."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nasea.backends.export.exporter import image_axis
from nasea.backends.export.older_runtime import older_than_the_file
from nasea.backends.torch.export.runtimes import load_onnx
from nasea.backends.user.held_back import held_back
from nasea.backends.user.nesting import flatten
from nasea.errors import ExportError

_INPUT = "images"
_OPERATOR = re.compile(
    r"Exporting the operator '([^']+)'"  # the tracing exporter
    r"|No ONNX function found for <OpOverload\(op='([^']+)'"  # the newer one
    r"|Missing out variants: \{'([^']+)'"  # ExecuTorch
    r"|Lowering not found: (\S+)"  # litert-torch
    r"|convert function for op '([^']+)'"  # coremltools
)


class Flat(nn.Module):
    """A network that returns its nested output as a plain tuple of tensors."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.eval()  # exporters set the network to the mode of this module

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the output tensors for (N, C, H, W) images."""
        return tuple(tensor for _, tensor in flatten(self.network(images), torch.Tensor))


def write_onnx(network: nn.Module, example: torch.Tensor, path: Path, batch: int | None) -> str:
    """Write an ONNX file.

    The tracing exporter supports the most networks, but records one branch only if control flow
    depends on values. If it fails, or its file is wrong, the newer exporter is tried.

    Args:
        network: in evaluation mode.
        example: (N, C, H, W) images, N at least 3.
        path: path of the new file.
        batch: batch size; ``None`` for any.

    Returns:
        Messages of an exporter that failed, if the other one succeeded; else empty.

    Raises:
        ExportError: both exporters fail.
    """
    failures: list[tuple[str, Exception]] = []
    messages = ""
    for dynamo in (False, True):
        try:
            with held_back() as said:
                _write_onnx(network, example, path, batch, dynamo)
                _check(network, example[: batch or 3], path)
            return messages
        except Exception as error:
            messages += f"{said.text}{error}\n{_reason(error)}\n"  # the reason last
            path.unlink(missing_ok=True)
            failures.append((f"dynamo={dynamo}", error))
    raise refusal("ONNX", failures, batch)


def write_pt2(network: nn.Module, example: torch.Tensor, path: Path, batch: int | None) -> None:
    """Write a file for ``torch.export.load``; for the arguments see :func:`write_onnx`.

    Raises:
        ExportError: torch.export does not support something in the network.
    """
    free = None if batch else ({0: torch.export.Dim("batch")},)
    try:
        with held_back(), torch.no_grad():
            images = (example[: batch or 2],)
            program = torch.export.export(Flat(network), images, dynamic_shapes=free)
            torch.export.save(program, path)
    except OSError:
        raise
    except Exception as error:
        raise refusal("torch.export", [("torch.export.export", error)], batch) from error


def _write_onnx(
    network: nn.Module, example: torch.Tensor, path: Path, batch: int | None, dynamo: bool
) -> None:
    images = example[: batch or 2]
    with torch.no_grad():
        outputs = flatten(network(images.clone()), torch.Tensor)
        more = flatten(network(example[:3].clone()), torch.Tensor)
    names = [name for name, _ in outputs]
    options: dict[str, Any] = {}
    if dynamo:
        options = {"dynamo": True, "external_data": False}
        if batch is None:
            options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
    else:
        if batch is None:
            axes = {_INPUT: {0: "batch"}}
            for (name, two), (_, three) in zip(outputs, more, strict=True):
                axis = image_axis(two.shape, three.shape)
                if axis is not None:
                    axes[name] = {axis[0]: "batch" if axis[1] == 1 else f"{name}.{axis[0]}"}
            options["dynamic_axes"] = axes
        if "dynamo" in inspect.signature(torch.onnx.export).parameters:
            options["dynamo"] = False
    torch.onnx.export(
        Flat(network), (images,), str(path), input_names=[_INPUT], output_names=names, **options
    )


def _check(network: nn.Module, images: torch.Tensor, path: Path) -> None:
    """Raise ValueError if the file computes something else, e.g. one branch only."""
    with torch.no_grad():
        expected = flatten(network(images.clone()), torch.Tensor)
    for (name, tensor), found in zip(expected, load_onnx(path)(images.numpy()), strict=True):
        if found.shape != tuple(tensor.shape):
            raise ValueError(f"{name} is {found.shape}, not {tuple(tensor.shape)}")
        if not np.allclose(found, tensor.numpy(), rtol=1e-3, atol=1e-3, equal_nan=True):
            raise ValueError(f"{name} is not what the network computes")


def refusal(format: str, failures: list[tuple[str, Exception]], batch: int | None) -> ExportError:
    """Return the error for a network that cannot be written.

    Args:
        format: title of the format.
        failures: what was tried, and the exception that it raised.
        batch: requested batch size of the file; ``None`` for any.
    """
    matches = [_OPERATOR.search(str(error)) for _, error in failures]
    operators = [match.group(match.lastindex or 0) for match in matches if match]
    if operators:
        names = ", ".join(dict.fromkeys(operators))
        return ExportError(
            f"{format} has no operator for {names}, which PreNet or PostNet uses",
            fix="write that part of user_module.py with other operators and retrain, or use "
            "another --format",
        )
    lines = [f"  {what}: {_reason(error)}" for what, error in failures]
    if any(older_than_the_file(str(error)) for _, error in failures):
        return ExportError(
            "\n".join([f"the installed runtime is older than {format} files:", *lines]),
            fix="update it, for ONNX: pip install --upgrade onnxruntime",
        )
    return ExportError(
        "\n".join([f"the network cannot be written as {format}:", *lines]),
        fix="leave what depends on the values of tensors out of the forward of PreNet and "
        "PostNet, or use another --format"
        + ("; --batch 1 will do where forward reads the number of images" if not batch else ""),
    )


def _reason(error: BaseException) -> str:
    while error.__cause__ is not None:  # the message of torch.onnx itself is many lines of advice
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
