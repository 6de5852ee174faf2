"""Parameters and FLOPs of programs.

FLOPs are 2 × MACs of convolutions for one image: multiplications and additions count separately.
Normalisation, activations, pools and sums count zero, as in the frameworks' own counters. Biases
count as parameters but not as FLOPs. Batch-normalisation statistics are not parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nasea.cost.lowering import graph_of
from nasea.space import Program, Shape, tensors


@dataclass(frozen=True)
class Costs:
    """Costs of a network or a part of it.

    Attributes:
        parameters: number of learned values.
        flops: floating-point operations for one image, 2 × MACs.
        latency_ms: milliseconds at batch size 1; ``None`` without a profile.
    """

    parameters: int
    flops: int
    latency_ms: float | None = None

    def __add__(self, other: Costs) -> Costs:
        both = self.latency_ms is not None and other.latency_ms is not None
        latency = (self.latency_ms or 0.0) + (other.latency_ms or 0.0) if both else None
        return Costs(self.parameters + other.parameters, self.flops + other.flops, latency)


def count(program: Program, shape: Shape) -> Costs:
    """Count parameters and FLOPs of ``program`` on one image of ``shape``, (C, H, W)."""
    nodes, _ = graph_of(program, shape)
    return Costs(
        parameters=sum(math.prod(tensor.shape) for tensor in tensors(program)),
        flops=sum(2 * node.operator.macs for node in nodes),
    )
