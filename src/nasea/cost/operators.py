"""Operators that a processor runs, as records that do not depend on a framework.

A record is one kernel of a mobile runtime: biases, folded normalisations and ReLU belong to the
preceding convolution (see :mod:`nasea.cost.fusion`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from nasea.space import Shape

CONV, DENSE = "conv", "dense"
POOL, GLOBAL_POOL = "pool", "global_pool"
ADD, MULTIPLY, ACTIVATION, NORM = "add", "multiply", "activation", "norm"
CONCAT, SOFTMAX, RESIZE, COPY, RESHAPE = "concat", "softmax", "resize", "copy", "reshape"

KINDS = (
    CONV, DENSE, POOL, GLOBAL_POOL, ADD, MULTIPLY, ACTIVATION, NORM,
    CONCAT, SOFTMAX, RESIZE, COPY, RESHAPE,
)  # fmt: skip
"""Kinds that nasea knows; a graph may contain others, under the framework's own names."""


@dataclass(frozen=True)
class Operator:
    """One operator at batch size 1.

    Attributes:
        kind: one of :data:`KINDS`, or the framework's own name of a kind that nasea does not know.
            ``add`` and ``multiply`` are elementwise with two operands, ``copy`` moves values
            (padding, transposing, slicing), ``reshape`` moves none.
        in_shape: (channels, height, width) of the first input; a vector is (channels, 1, 1).
        out_shape: (channels, height, width) of the output.
        kernel: (rows, columns) of the window.
        stride: step of the window, pixels.
        groups: 1 for a dense convolution, the input channels for a depthwise one.
        inputs: number of tensors read, without weights.
        activation: the fused activation, ``relu`` or ``relu6``; for the kind ``activation``, its
            type; empty for none.
        name: its origin, for messages; ignored in comparisons.
    """

    kind: str
    in_shape: Shape
    out_shape: Shape
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    groups: int = 1
    inputs: int = 1
    activation: str = ""
    name: str = field(default="", compare=False)

    @property
    def operands(self) -> tuple[Shape, ...]:
        """Shapes of the tensors that are read, without weights.

        A product of a single input has a gate as its second operand: one value per channel.
        """
        read = (self.in_shape,) * self.inputs
        is_gated = self.kind == MULTIPLY and self.inputs == 1
        return (*read, (self.in_shape[0], 1, 1)) if is_gated else read

    @property
    def grouping(self) -> str:
        """Use of channels by a convolution: ``dense``, ``depthwise`` or ``grouped``."""
        if self.groups == 1:
            return "dense"
        return "depthwise" if self.groups == self.in_shape[0] else "grouped"

    @property
    def weights(self) -> int:
        """Number of learned values that are read, without biases."""
        if self.kind not in (CONV, DENSE):
            return 0
        return self.out_shape[0] * self.in_shape[0] // self.groups * math.prod(self.kernel)

    @property
    def macs(self) -> int:
        """Multiply-adds of a convolution or matrix product; 0 for any other operator."""
        return self.weights * math.prod(self.out_shape[1:])

    @property
    def values_in(self) -> int:
        """Number of values of all input tensors, without weights."""
        return self.inputs * math.prod(self.in_shape)

    @property
    def values_out(self) -> int:
        """Number of values of the output tensor."""
        return math.prod(self.out_shape)

    def named(self, name: str) -> Operator:
        """Return the same operator with ``name`` as its origin."""
        return replace(self, name=name)

    def __str__(self) -> str:
        """Return e.g. ``conv 3x3, stride 2, depthwise, 32x112x112 -> 32x56x56``, for messages."""
        words = [self.kind if self.kind != ACTIVATION else f"{self.kind} {self.activation}"]
        if self.kind in (CONV, POOL):
            words[0] += f" {self.kernel[0]}x{self.kernel[1]}"
        if self.stride > 1:
            words.append(f"stride {self.stride}")
        if self.groups > 1:
            groups = self.grouping
            words.append(groups if groups == "depthwise" else f"{self.groups} groups")
        before, after = ("x".join(map(str, shape)) for shape in (self.in_shape, self.out_shape))
        words.append(before if before == after else f"{before} -> {after}")
        return ", ".join(words)


@dataclass(frozen=True)
class Subgraph:
    """A part of a network that a profile prices as a unit: PreNet, PostNet or a candidate block.

    Attributes:
        label: for messages, e.g. ``layer 3: basic_x1``.
        operators: its operators, in order; empty for a candidate that does nothing.
    """

    label: str
    operators: tuple[Operator, ...]

    @property
    def key(self) -> str:
        """Text that is equal for subgraphs with the same operators on the same shapes."""
        return "; ".join(
            f"{op}" + (f" + {op.activation}" if op.activation and op.kind != ACTIVATION else "")
            for op in self.operators
        )
