"""From a graph of single operations to the operators that a runtime really runs.

Every mobile runtime folds biases and normalisations into the convolution before them and applies
ReLU on the way out; so the graphs of all sources go through here before they are priced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nasea.cost.operators import ACTIVATION, ADD, CONV, DENSE, MULTIPLY, NORM, RESHAPE, Operator

FUSED_ACTIVATIONS = ("relu", "relu6")
"""What every runtime applies on the way out; other non-linearities are operators of their own."""

_CARRIERS = (CONV, DENSE, ADD, MULTIPLY)


@dataclass(frozen=True)
class Node:
    """An operation in a graph.

    Attributes:
        operator: what it does.
        inputs: names of the activations that it reads; constants are left out.
        output: name of the activation that it makes.
    """

    operator: Operator
    inputs: tuple[str, ...]
    output: str


def fuse(nodes: Sequence[Node], results: Sequence[str] = ()) -> tuple[Operator, ...]:
    """Return the operators that run, in the order of the nodes.

    A normalisation that directly follows a convolution or matrix product disappears in it; ReLU
    disappears in what it follows; what moves no values at all is left out.

    Args:
        nodes: in the order of execution.
        results: names that are outputs of the whole graph: they are needed as they are.
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
