"""Parameters and FLOPs of programs, one formula an operation.

FLOPs count multiplications and additions separately (2 × MACs) of convolutions, for one image;
normalisation, activations, pools and sums count zero, as in the frameworks' own counters. Biases
count as parameters but not as FLOPs. Batch-normalisation statistics are not parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from nasea.space.ops import Act, Add, Conv, GlobalPool, Norm, Op, Pool, Program, Scale, branches_of
from nasea.space.shapes import Shape, op_output_shape
from nasea.space.slots import tensors_of


@dataclass(frozen=True)
class Costs:
    """What a piece of a network costs.

    Attributes:
        parameters: learned values.
        flops: floating-point operations for one image, 2 × MACs.
        latency_ms: milliseconds at batch 1; ``None`` when no profile was asked.
    """

    parameters: int
    flops: int
    latency_ms: float | None = None

    def __add__(self, other: Costs) -> Costs:
        both = self.latency_ms is not None and other.latency_ms is not None
        latency = (self.latency_ms or 0.0) + (other.latency_ms or 0.0) if both else None
        return Costs(self.parameters + other.parameters, self.flops + other.flops, latency)


def _conv_flops(op: Op, out_shape: Shape) -> int:
    assert isinstance(op, Conv)
    return 2 * math.prod(op.weight_shape) * out_shape[1] * out_shape[2]


def _no_flops(op: Op, out_shape: Shape) -> int:
    return 0


_FLOPS: dict[type[Op], Callable[[Op, Shape], int]] = {
    Conv: _conv_flops,
    Norm: _no_flops,
    Act: _no_flops,
    Pool: _no_flops,
    GlobalPool: _no_flops,
    Add: _no_flops,
    Scale: _no_flops,
}


def count(program: Program, shape: Shape) -> Costs:
    """Parameters and FLOPs of ``program`` on one image of ``shape`` (channels, height, width)."""
    total = Costs(0, 0)
    for op in program:
        out_shape = op_output_shape(op, shape)
        parameters = sum(math.prod(tensor.shape) for tensor in tensors_of(op))
        total += Costs(parameters, _FLOPS[type(op)](op, out_shape))
        for branch in branches_of(op):
            total += count(branch, shape)
        shape = out_shape
    return total
