"""From the space's vocabulary to operators."""

from __future__ import annotations

from itertools import count

from nasea.cost.fusion import Node, fuse
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONV,
    GLOBAL_POOL,
    MULTIPLY,
    NORM,
    POOL,
    Operator,
)
from nasea.space import Act, Add, Conv, GlobalPool, Norm, Op, Pool, Program, Scale, Shape
from nasea.space.shapes import op_output_shape, output_shape


def operators_of(program: Program, shape: Shape) -> tuple[Operator, ...]:
    """The operators that ``program`` runs on one image of ``shape`` (channels, height, width)."""
    nodes, result = graph_of(program, shape)
    return fuse(nodes, (result,))


def graph_of(
    program: Program, shape: Shape, source: str = "input", prefix: str = ""
) -> tuple[list[Node], str]:
    """(nodes before any fusing, name of the output) of ``program``.

    Args:
        program: what is run.
        shape: (channels, height, width) of what it reads.
        source: name of what it reads; also that of the output when the program does nothing.
        prefix: before every other name.
    """
    writer = _Writer(prefix)
    result = writer.write(program, source, shape)
    return writer.nodes, result


class _Writer:
    """Writes a program as a graph."""

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Node] = []
        self._prefix = prefix
        self._numbers = count()

    def write(self, program: Program, source: str, shape: Shape) -> str:
        """Add the nodes of a program that reads ``source``; the name of its output."""
        for op in program:
            source = self._write_op(op, source, shape)
            shape = op_output_shape(op, shape)
        return source

    def _write_op(self, op: Op, source: str, shape: Shape) -> str:
        out = op_output_shape(op, shape)
        if isinstance(op, Add):
            total = self.write(op.branches[0], source, shape)
            for branch in op.branches[1:]:
                other = self.write(branch, source, shape)
                total = self._node(Operator(ADD, out, out, inputs=2), total, other)
            return total
        if isinstance(op, Scale):
            gate = self.write(op.gate, source, shape)
            assert output_shape(op.gate, shape)[1:] == (1, 1)
            return self._node(Operator(MULTIPLY, out, out), source, gate)
        return self._node(_leaf(op, shape, out), source)

    def _node(self, operator: Operator, *inputs: str) -> str:
        output = f"{self._prefix}value{next(self._numbers)}"
        self.nodes.append(Node(operator, inputs, output))
        return output


def _leaf(op: Op, shape: Shape, out: Shape) -> Operator:
    if isinstance(op, Conv):
        kernel = (op.kernel, op.kernel)
        return Operator(CONV, shape, out, kernel, op.stride, op.groups)
    if isinstance(op, Norm):
        return Operator(NORM, shape, out)
    if isinstance(op, Act):
        # The name that the graphs of users' ends have for it.
        kind = "swish" if op.kind == "silu" else op.kind
        return Operator(ACTIVATION, shape, out, activation=kind)
    if isinstance(op, Pool):
        return Operator(POOL, shape, out, (op.kernel, op.kernel), op.stride)
    assert isinstance(op, GlobalPool)
    return Operator(GLOBAL_POOL, shape, out, shape[1:])
