"""Lists the operators of a TensorFlow function: the nodes of its frozen graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from nasea.cost.fusion import Node, fuse
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
from nasea.space import Shape


def frozen(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Return the concrete function for tensors like ``inputs``, with its variables as constants."""
    return convert_variables_to_constants_v2(_concrete(function, inputs))


def _concrete(function: Callable[[Any], Any], inputs: Any) -> Any:
    specs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), inputs)
    return tf.function(function).get_concrete_function(specs)


def operators_of_function(
    function: Callable[[Any], Any], inputs: Any, name: str
) -> tuple[Operator, ...]:
    """Return the operators that ``function`` runs on one image; it is traced, but not run.

    Args:
        function: in inference mode.
        inputs: tensors (1, H, W, C), or a nesting of them.
        name: name of the function, for messages.
    """
    try:
        graph = frozen(function, inputs).graph
    except ValueError:  # it assigns to a variable, which cannot become a constant
        graph = _concrete(function, inputs).graph
    nodes: list[Node] = []
    alive: set[str] = set()
    for op in graph.get_operations():
        if op.type == "Placeholder":
            alive.update(tensor.name for tensor in op.outputs if tensor.dtype != tf.resource)
            continue
        read = [tensor for tensor in op.inputs if tensor.name in alive]
        if not read or not op.outputs:
            continue
        alive.update(tensor.name for tensor in op.outputs)
        if op.type == "Shape":  # its value is known, as the batch size is 1
            alive.difference_update(tensor.name for tensor in op.outputs)
            continue
        if op.type == "IdentityN":  # wraps functions with custom gradients
            for before, after in zip(op.inputs, op.outputs, strict=True):
                if before.name in alive and (after.consumers() or after is op.outputs[0]):
                    passed = Operator(RESHAPE, _chw(before.shape), _chw(after.shape))
                    nodes.append(Node(passed, (before.name,), after.name))
            continue
        if any(_dilated(user) for user in _users(op, 2)):
            continue  # reported with the last node of its dilated convolution
        convolution = _dilated(op)
        if convolution is not None:
            read = list(convolution.inputs[0].op.inputs[:1])
            before, after = (_chw(tensor.shape) for tensor in (read[0], op.outputs[0]))
            operator = _convolution(convolution, before, after)
        else:
            operator = _operator(op, read)
        operator = operator.named(f"{name}, {op.name}")
        nodes.append(Node(operator, tuple(tensor.name for tensor in read), op.outputs[0].name))
    return fuse(nodes, [tensor.name for tensor in _results(graph)])


def _dilated(op: Any) -> Any:
    """Return the convolution of a dilated convolution that ends in ``op``; ``None`` if none does.

    TensorFlow writes it as SpaceToBatchND, a convolution of the parts, BatchToSpaceND.
    """
    if op.type != "BatchToSpaceND":
        return None
    convolution = op.inputs[0].op
    if convolution.type not in ("Conv2D", "DepthwiseConv2dNative"):
        return None
    return convolution if convolution.inputs[0].op.type == "SpaceToBatchND" else None


def _users(op: Any, steps: int) -> Iterator[Any]:
    """Yield the operations that read the output of ``op``, directly or ``steps`` steps later."""
    if op.type in ("SpaceToBatchND", "Conv2D", "DepthwiseConv2dNative") and steps:
        for user in op.outputs[0].consumers():
            yield user
            yield from _users(user, steps - 1)


def _results(graph: Any) -> Iterator[Any]:
    for tensor in tf.nest.flatten(graph.structured_outputs):
        if isinstance(tensor, tf.Tensor):
            yield tensor
    yield from graph.outputs


def _operator(op: Any, read: list[Any]) -> Operator:
    first = _data_format(op) == "NCHW"
    before, after = _chw(read[0].shape, first), _chw(op.outputs[0].shape, first)
    if op.type in _CALLS:
        return _CALLS[op.type](op, before, after)
    if op.type in _RESHAPES:
        return Operator(RESHAPE, before, after)
    if op.type in _ACTIVATIONS:
        return Operator(ACTIVATION, before, after, activation=_ACTIVATIONS[op.type])
    if op.type in _ELEMENTWISE:
        size = math.prod(after)
        operands = sum(math.prod(_chw(tensor.shape, first)) == size for tensor in read)
        return Operator(_ELEMENTWISE[op.type], after, after, inputs=max(operands, 1))
    if op.type in _SIMPLE:
        return Operator(_SIMPLE[op.type], before, after)
    return Operator(f"TensorFlow {op.type}", before, after)


def _data_format(op: Any) -> str:
    try:
        return str(op.get_attr("data_format").decode())
    except ValueError:
        return "NHWC"


def _convolution(op: Any, before: Shape, after: Shape) -> Operator:
    rows, columns, c_in, c_out = (int(size) for size in op.inputs[1].shape)
    depthwise = op.type == "DepthwiseConv2dNative"
    groups = before[0] if depthwise else before[0] // c_in
    return Operator(CONV, before, after, (rows, columns), max(op.get_attr("strides")), groups)


def _pool(op: Any, before: Shape, after: Shape) -> Operator:
    sizes = op.get_attr("ksize")
    rows, columns = sizes[2:] if _data_format(op) == "NCHW" else sizes[1:3]
    if after[1:] == (1, 1) and (rows, columns) == before[1:]:
        return Operator(GLOBAL_POOL, before, after, (rows, columns))
    return Operator(POOL, before, after, (rows, columns), max(op.get_attr("strides")))


def _mean(op: Any, before: Shape, after: Shape) -> Operator:
    axes = tf.get_static_value(op.inputs[1])
    rank = op.inputs[0].shape.rank
    dims = set() if axes is None else {int(axis) % rank for axis in axes.reshape(-1)}
    if rank == 4 and dims == {1, 2}:
        return Operator(GLOBAL_POOL, before, (before[0], 1, 1), before[1:])
    if rank == 4 and dims == {2, 3}:
        channels, height, width = _chw(op.inputs[0].shape, True)
        return Operator(GLOBAL_POOL, (channels, height, width), (channels, 1, 1), (height, width))
    return Operator("TensorFlow Mean over other axes than height and width", before, after)


def _product(op: Any, before: Shape, after: Shape) -> Operator:
    return Operator(DENSE, before, after)


def _concatenation(op: Any, before: Shape, after: Shape) -> Operator:
    count = len(op.inputs) - 1
    return Operator(CONCAT, (-(-after[0] // count), *after[1:]), after, inputs=count)


_CALLS: dict[str, Callable[[Any, Shape, Shape], Operator]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _convolution,
    "MaxPool": _pool,
    "AvgPool": _pool,
    "Mean": _mean,
    "MatMul": _product,
    "ConcatV2": _concatenation,
}
_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Elu": "elu",
    "LeakyRelu": "leaky_relu",
}
_ELEMENTWISE = {
    "Add": ADD, "AddV2": ADD, "AddN": ADD, "Sub": ADD, "Mul": MULTIPLY, "RealDiv": MULTIPLY,
}  # fmt: skip
_SIMPLE = {
    "FusedBatchNormV3": NORM,
    "FusedBatchNorm": NORM,
    "BiasAdd": NORM,
    "Softmax": SOFTMAX,
    "LogSoftmax": SOFTMAX,
    "ResizeBilinear": RESIZE,
    "ResizeNearestNeighbor": RESIZE,
    "Pad": COPY,
    "PadV2": COPY,
    "Transpose": COPY,
    "EvaluationSubset": COPY,
    "StridedSlice": COPY,
    "Split": COPY,
    "Cast": COPY,
    "Pack": COPY,
}
_RESHAPES = {"Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "StopGradient", "NoOp"}


def _chw(shape: Any, channels_first: bool = False) -> Shape:
    """Return the (channels, height, width) of (N, H, W, C) or (N, C)."""
    sizes = [int(size or 1) for size in (shape.as_list() if shape.rank else [1])][1:] or [1]
    if len(sizes) == 3:
        height, width, channels = sizes if not channels_first else (*sizes[1:], sizes[0])
        return (channels, height, width)
    if len(sizes) == 2:
        return (sizes[1], sizes[0], 1)
    return (sizes[0], 1, 1) if len(sizes) == 1 else (sizes[-1], math.prod(sizes[:-1]), 1)
