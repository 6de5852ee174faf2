"""Writes graphs of operators as ONNX models with made-up weights, which do not affect latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from nasea.cost.fusion import Node
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    NORM,
    POOL,
    RESHAPE,
    RESIZE,
    SOFTMAX,
    Operator,
)
from nasea.errors import LatencyError
from nasea.space import Shape

OPSET = 18
IR_VERSION = 9


def onnx_model(
    nodes: Sequence[Node], inputs: dict[str, Shape], results: dict[str, Shape], prefix: str = ""
) -> onnx.ModelProto:
    """Return a model that runs ``nodes`` on one image, in float32, (N, C, H, W) throughout.

    Args:
        nodes: in the order of execution.
        inputs: names and (channels, height, width) of the graph's inputs.
        results: names and shapes of the graph's outputs.
        prefix: prefix of all names except those of inputs and the output.

    Raises:
        LatencyError: ONNX, or this writer, does not support an operator.
    """
    writer = _Writer(prefix, {*inputs, *results})
    for node in nodes:
        writer.add(node)
    graph = helper.make_graph(
        writer.nodes,
        prefix or "nasea",
        [_value(name, shape) for name, shape in inputs.items()],
        [_value(name, shape) for name, shape in results.items()],
        writer.weights,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(model)
    return model


def single_operator(operator: Operator) -> onnx.ModelProto:
    """Return a model of one operator with its fused activation."""
    shapes = {f"input{number}": shape for number, shape in enumerate(operator.operands)}
    names = tuple(shapes)
    nodes = [Node(operator, names, "output")]
    if operator.kind != ACTIVATION and operator.activation:
        act = Operator(
            ACTIVATION, operator.out_shape, operator.out_shape, activation=operator.activation
        )
        nodes = [Node(operator, names, "before"), Node(act, ("before",), "output")]
    return onnx_model(nodes, shapes, {"output": operator.out_shape})


def _value(name: str, shape: Shape) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, *shape))


class _Writer:
    def __init__(self, prefix: str, public: set[str]) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._prefix = prefix
        self._public = public
        self._rng = np.random.default_rng(0)

    def add(self, node: Node) -> None:
        operator = node.operator
        write = _WRITERS.get(operator.kind)
        if write is None:
            raise LatencyError(
                f"{operator} ({operator.name}) cannot be written as ONNX",
                fix="use another operation there",
            )
        inputs = [self.name(name) for name in node.inputs]
        write(self, operator, inputs, self.name(node.output))

    def name(self, name: str) -> str:
        return name if name in self._public else f"{self._prefix}{name}"

    def op(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        label = f"{output}_{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], label, **attributes))

    def weight(self, output: str, what: str, shape: tuple[int, ...], scale: float) -> str:
        name = f"{output}_{what}"
        values = self._rng.normal(0.0, scale, shape).astype(np.float32)
        if what in ("scale", "variance"):
            values = np.ones(shape, np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, output: str, what: str, value: Any) -> str:
        name = f"{output}_{what}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _conv(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    rows, columns = op.kernel
    shape = (op.out_shape[0], op.in_shape[0] // op.groups, rows, columns)
    scale = (2.0 / (op.out_shape[0] * rows * columns / op.groups)) ** 0.5
    weight = writer.weight(output, "weight", shape, scale)
    bias = writer.weight(output, "bias", shape[:1], 0.01)
    pads = _pads(op)
    strides = [op.stride, op.stride]
    writer.op(
        "Conv", [inputs[0], weight, bias], output,
        kernel_shape=[rows, columns], strides=strides, pads=pads, group=op.groups,
    )  # fmt: skip


def _pads(op: Operator) -> list[int]:
    """Return the zeros on (top, left, bottom, right) that result in the operator's output size."""
    before, after = op.in_shape[1:], op.out_shape[1:]
    starts, ends = [], []
    for size, made, side in zip(before, after, op.kernel, strict=True):
        wanted = max((made - 1) * op.stride + side - size, 0)
        start = min(side // 2, wanted)
        starts.append(start)
        ends.append(wanted - start)
    return [*starts, *ends]


def _dense(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    # As a 1×1 convolution it keeps four axes; runtimes use the same code path for both.
    weight = writer.weight(output, "weight", (op.in_shape[0], op.out_shape[0]), 0.05)
    bias = writer.weight(output, "bias", (op.out_shape[0],), 0.01)
    flat, product = f"{output}_flat", f"{output}_product"
    writer.op("Flatten", [inputs[0]], flat)
    writer.op("Gemm", [flat, weight, bias], product)
    shape = writer.constant(output, "shape", np.array((1, *op.out_shape), np.int64))
    writer.op("Reshape", [product, shape], output)


def _norm(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    size = (op.in_shape[0],)
    names = [writer.weight(output, what, size, 0.01) for what in ("scale", "shift", "mean")]
    variance = writer.weight(output, "variance", size, 1.0)
    writer.op("BatchNormalization", [inputs[0], *names, variance], output)


def _activation(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    kind, name = op.activation, inputs[0]
    if kind == "relu6":
        low = writer.constant(output, "low", np.float32(0))
        high = writer.constant(output, "high", np.float32(6))
        writer.op("Clip", [name, low, high], output)
    elif kind == "hsigmoid":
        writer.op("HardSigmoid", [name], output, alpha=1 / 6, beta=0.5)
    elif kind == "swish":
        writer.op("Sigmoid", [name], f"{output}_gate")
        writer.op("Mul", [name, f"{output}_gate"], output)
    elif kind in _ACTIVATIONS:
        writer.op(_ACTIVATIONS[kind], [name], output)
    else:
        raise LatencyError(f"{op} ({op.name}) cannot be written as ONNX")


_ACTIVATIONS = {
    "relu": "Relu",
    "hswish": "HardSwish",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "elu": "Elu",
    "leaky_relu": "LeakyRelu",
}


def _pool(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    writer.op(
        "MaxPool", inputs[:1], output,
        kernel_shape=list(op.kernel), strides=[op.stride, op.stride], pads=_pads(op),
    )  # fmt: skip


def _concat(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    writer.op("Concat", inputs, output, axis=1)


def _softmax(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    writer.op("Softmax", inputs[:1], output, axis=1)


def _resize(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    sizes = writer.constant(output, "sizes", np.array((1, *op.out_shape), np.int64))
    writer.op("Resize", [inputs[0], "", "", sizes], output, mode="linear")


def _reshape(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    shape = writer.constant(output, "shape", np.array((1, *op.out_shape), np.int64))
    writer.op("Reshape", [inputs[0], shape], output)


def _copy(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    # Pad zeros after the last axes, or crop: the number of values moved is the same.
    ends = [after - before for before, after in zip(op.in_shape, op.out_shape, strict=True)]
    pads = writer.constant(output, "pads", np.array((0, 0, 0, 0, 0, *ends), np.int64))
    writer.op("Pad", [inputs[0], pads], output)


def _two(kind: str) -> Callable[[_Writer, Operator, list[str], str], None]:
    def write(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
        if len(inputs) == 1:  # with a constant
            inputs = [*inputs, writer.constant(output, "number", np.float32(1.5))]
        writer.op(kind, inputs[:2], output)

    return write


def _global_pool(writer: _Writer, op: Operator, inputs: list[str], output: str) -> None:
    writer.op("GlobalAveragePool", inputs[:1], output)


_WRITERS: dict[str, Callable[[_Writer, Operator, list[str], str], None]] = {
    CONV: _conv,
    DENSE: _dense,
    NORM: _norm,
    ACTIVATION: _activation,
    POOL: _pool,
    GLOBAL_POOL: _global_pool,
    ADD: _two("Add"),
    MULTIPLY: _two("Mul"),
    CONCAT: _concat,
    SOFTMAX: _softmax,
    RESIZE: _resize,
    RESHAPE: _reshape,
    COPY: _copy,
}
