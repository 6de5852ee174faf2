"""Fuses a graph of single operations into the operators that a runtime executes.

Every mobile runtime folds biases and normalisations into the preceding convolution and fuses ReLU
into the preceding operator. So all graphs are fused here before they are priced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nasea.cost.operators import ACTIVATION, ADD, CONV, DENSE, MULTIPLY, NORM, RESHAPE, Operator

FUSED_ACTIVATIONS = ("relu", "relu6")
"""Activations that every runtime fuses; all others are operators of their own."""

_CARRIERS = (CONV, DENSE, ADD, MULTIPLY)


@dataclass(frozen=True)
class Node:
    """An operation in a graph.

    Attributes:
        operator: the operation itself.
        inputs: names of the activations that it reads, without constants.
        output: name of the activation that it produces.
    """

    operator: Operator
    inputs: tuple[str, ...]
    output: str


def fuse(nodes: Sequence[Node], results: Sequence[str] = ()) -> tuple[Operator, ...]:
    """Return the operators that run, in the order of the nodes.

    A normalisation directly after a convolution or matrix product is folded into it. ReLU is fused
    into the preceding operator. Operations that move no values are left out.

    Args:
        nodes: in the order of execution.
        results: names of the outputs of the whole graph, which must not be fused away.
    """
    readers = Counter(name for node in nodes for name in node.inputs)
    readers.update(results)
    kept: list[Operator] = []
    made_by: dict[str, int] = {}
    for node in nodes:
        operator = node.operator
        source = node.inputs[0] if len(node.inputs) == 1 else None
        before = made_by.get(source) if source is not None and readers[source] == 1 else None
        if before is not None and _absorbs(kept[before], operator):
            if operator.kind == ACTIVATION:
                kept[before] = replace(kept[before], activation=operator.activation)
            made_by[node.output] = before
        elif operator.kind == RESHAPE:
            if before is not None:
                made_by[node.output] = before
        else:
            made_by[node.output] = len(kept)
            kept.append(operator)
    return tuple(kept)


def _absorbs(carrier: Operator, operator: Operator) -> bool:
    if carrier.activation or carrier.kind not in _CARRIERS:
        return False
    if operator.kind == NORM:
        return carrier.kind in (CONV, DENSE)
    return operator.kind == ACTIVATION and operator.activation in FUSED_ACTIVATIONS
