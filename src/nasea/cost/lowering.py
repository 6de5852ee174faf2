"""Lowers the operations of the search space to operators, whose costs are known in any framework.

:func:`lowers` adds operations defined elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

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
from nasea.errors import SpaceError
from nasea.space import (
    Act,
    Add,
    Conv,
    GlobalPool,
    Norm,
    Op,
    Pool,
    Program,
    Scale,
    Shape,
    output_shape,
)


def operators_of(program: Program, shape: Shape) -> tuple[Operator, ...]:
    """Return the operators that ``program`` runs on one image of ``shape`` (C, H, W)."""
    nodes, result = graph_of(program, shape)
    return fuse(nodes, (result,))


def graph_of(
    program: Program, shape: Shape, source: str = "input", prefix: str = ""
) -> tuple[list[Node], str]:
    """Return (nodes before fusion, name of the output) of ``program``.

    Args:
        program: the program.
        shape: (channels, height, width) of the input.
        source: name of the input; also of the output if the program does nothing.
        prefix: prefix of all other names.
    """
    graph = Graph(prefix)
    result = graph.write(program, source, shape)
    return graph.nodes, result


class Graph:
    """A program as a graph of operators before fusion.

    Args:
        prefix: prefix of the names of all values.
    """

    def __init__(self, prefix: str = "") -> None:
        self.nodes: list[Node] = []
        self._prefix = prefix
        self._numbers = count()

    def write(self, program: Program, source: str, shape: Shape) -> str:
        """Add the nodes of a program that reads ``source``; return the name of its output."""
        output_shape(program, shape)  # raises where it does not fit
        for op in program:
            lower = _LOWERINGS.get(type(op))
            if lower is None:
                raise SpaceError(f"{op} has no costs: nasea.cost.lowering.lowers tells them")
            source = lower(op, self, source, shape)
            shape = op.output_shape(shape)
        return source

    def add(self, operator: Operator, *inputs: str) -> str:
        """Add a node that reads ``inputs``; return the name of its output."""
        output = f"{self._prefix}value{next(self._numbers)}"
        self.nodes.append(Node(operator, inputs, output))
        return output


Lowering = Callable[[Any, Graph, str, Shape], str]
"""(operation, graph to add nodes to, name and shape of the input) -> name of the output."""

_LOWERINGS: dict[type[Op], Lowering] = {}


def lowers(kind: type[Op]) -> Callable[[Lowering], Lowering]:
    """Register the decorated function as the lowering of operations of class ``kind``."""

    def added(lowering: Lowering) -> Lowering:
        _LOWERINGS[kind] = lowering
        return lowering

    return added


@lowers(Conv)
def _conv(op: Conv, graph: Graph, source: str, shape: Shape) -> str:
    kernel = (op.kernel, op.kernel)
    out = op.output_shape(shape)
    return graph.add(Operator(CONV, shape, out, kernel, op.stride, op.groups), source)


@lowers(Norm)
def _norm(op: Norm, graph: Graph, source: str, shape: Shape) -> str:
    return graph.add(Operator(NORM, shape, shape), source)


@lowers(Act)
def _act(op: Act, graph: Graph, source: str, shape: Shape) -> str:
    # The same kind as in the graphs of PreNet and PostNet.
    kind = "swish" if op.kind == "silu" else op.kind
    return graph.add(Operator(ACTIVATION, shape, shape, activation=kind), source)


@lowers(Pool)
def _pool(op: Pool, graph: Graph, source: str, shape: Shape) -> str:
    kernel = (op.kernel, op.kernel)
    return graph.add(Operator(POOL, shape, op.output_shape(shape), kernel, op.stride), source)


@lowers(GlobalPool)
def _global_pool(op: GlobalPool, graph: Graph, source: str, shape: Shape) -> str:
    return graph.add(Operator(GLOBAL_POOL, shape, op.output_shape(shape), shape[1:]), source)


@lowers(Add)
def _add(op: Add, graph: Graph, source: str, shape: Shape) -> str:
    out = op.output_shape(shape)
    total = graph.write(op.branches[0], source, shape)
    for branch in op.branches[1:]:
        other = graph.write(branch, source, shape)
        total = graph.add(Operator(ADD, out, out, inputs=2), total, other)
    return total


@lowers(Scale)
def _scale(op: Scale, graph: Graph, source: str, shape: Shape) -> str:
    gate = graph.write(op.gate, source, shape)
    return graph.add(Operator(MULTIPLY, shape, shape), source, gate)
