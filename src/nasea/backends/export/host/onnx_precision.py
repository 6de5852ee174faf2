"""Converts ONNX files to int8, by ONNX Runtime's static quantisation, and to float16."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from nasea.backends.export.exporter import Array
from nasea.backends.user.held_back import held_back
from nasea.errors import ExportError

_MOVES = {
    "Cast", "Concat", "Constant", "ConstantOfShape", "Equal", "Expand", "Flatten", "Gather",
    "Identity", "Pad", "Range", "Reshape", "Shape", "Slice", "Split", "Squeeze", "Tile",
    "Transpose", "Unsqueeze",
}  # fmt: skip
"""Operators that move values or compute shapes; their precision does not matter."""


def to_float16(source: Path, path: Path) -> None:
    """Write an ONNX file with float16 weights and activations, and float32 inputs and outputs.

    Args:
        source: the network in float32.
        path: path of the new file.

    Raises:
        ExportError: an operator of the network does not support float16.
    """
    try:
        with held_back():
            from onnxruntime.transformers.float16 import convert_float_to_float16

            onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), path)
    except OSError:
        raise
    except Exception as error:
        raise _refusal("float16", error) from error


def to_int8(source: Path, path: Path, examples: Iterator[Array]) -> tuple[str, ...]:
    """Write an int8 ONNX file with QuantizeLinear and DequantizeLinear around every operator.

    Weights have a scale per output channel, activations one scale per tensor. Activation ranges are
    the minimum and maximum over the examples. Inputs and outputs stay float32.

    Args:
        source: the network in float32.
        path: path of the new file.
        examples: images, in batches of the network's batch size.

    Returns:
        The kinds of operators that ONNX Runtime cannot quantise, which compute in float32.

    Raises:
        ExportError: ONNX Runtime cannot quantise the network.
    """
    try:
        with held_back():
            return _quantised(source, path, examples)
    except OSError:
        raise
    except Exception as error:
        raise _refusal("int8", error) from error


def _quantised(source: Path, path: Path, examples: Iterator[Array]) -> tuple[str, ...]:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folded = path.with_name(f"{path.name}.folded")
    try:
        # Fold normalisation into convolutions: on its own it would compute in float32.
        quant_pre_process(source, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            path,
            _Reader(folded, examples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        folded.unlink(missing_ok=True)
    model = onnx.load(path)
    _forget_domains(model)
    onnx.save(model, path)
    known = {*QDQRegistry, *QLinearOpsRegistry, *_MOVES}
    # With the operator names of the user's exporter: ONNX Runtime decomposes some operators.
    return tuple(sorted({node.op_type for node in onnx.load(source).graph.node} - known))


class _Reader:
    """A CalibrationDataReader for ONNX Runtime."""

    def __init__(self, model: Path, examples: Iterator[Array]) -> None:
        self._name = onnx.load(model).graph.input[0].name
        self._examples = examples

    def get_next(self) -> dict[str, Array] | None:
        """Return the next images; ``None`` at the end."""
        images = next(self._examples, None)
        return None if images is None else {self._name: images}


def _forget_domains(model: Any) -> None:
    """Remove operator sets that no node uses: ONNX Runtime lists all that it supports."""
    used = {node.domain for node in model.graph.node}
    kept = [each for each in model.opset_import if each.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def _refusal(precision: str, error: Exception) -> ExportError:
    lines = str(error).strip().splitlines()
    return ExportError(
        f"the network cannot be written as ONNX in {precision}: {type(error).__name__}: "
        f"{lines[0] if lines else ''}",
        fix="use another --format",
    )
