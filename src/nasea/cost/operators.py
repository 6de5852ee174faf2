"""What a processor is asked to do, in neutral records: no framework's name for an operation.

A record is one kernel of a mobile runtime: biases, folded normalisations and ReLU belong to the
convolution before them (see :mod:`nasea.cost.fusion`).
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
"""What nasea has a word for; a graph may hold others, under the name its framework gives them."""


@dataclass(frozen=True)
class Operator:
    """One operator at batch 1.

    Attributes:
        kind: one of :data:`KINDS`, or the framework's own name of something nasea has no word for.
            ``add`` and ``multiply`` are elementwise with two operands, ``copy`` moves values
            (padding, transposing, slicing), ``reshape`` moves none.
        in_shape: (channels, height, width) of the first input; a vector is (channels, 1, 1).
        out_shape: (channels, height, width) of the output.
        kernel: (rows, columns) of the window.
        stride: step of the window, pixels.
        groups: 1 for a dense convolution, the input channels for a depthwise one.
        inputs: tensors read, weights aside.
        activation: what is applied to the output on the way: ``relu`` or ``relu6``; or the kind of
            an ``activation``; empty for none.
        name: where it comes from, for messages; ignored in comparisons.
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
    def grouping(self) -> str:
        """How a convolution uses its channels: ``dense``, ``depthwise`` or ``grouped``."""
        if self.groups == 1:
            return "dense"
        return "depthwise" if self.groups == self.in_shape[0] else "grouped"

    @property
    def weights(self) -> int:
        """Learned values that are read, biases aside."""
        if self.kind not in (CONV, DENSE):
            return 0
        return self.out_shape[0] * self.in_shape[0] // self.groups * math.prod(self.kernel)

    @property
    def macs(self) -> int:
        """Multiply-adds of a convolution or matrix product; 0 for anything else."""
        return self.weights * math.prod(self.out_shape[1:])

    @property
    def values_in(self) -> int:
        """Values of all input tensors, weights aside."""
        return self.inputs * math.prod(self.in_shape)

    @property
    def values_out(self) -> int:
        """Values of the output tensor."""
        return math.prod(self.out_shape)

    def named(self, name: str) -> Operator:
        """Return the same operator, coming from ``name``."""
        return replace(self, name=name)

    def __str__(self) -> str:
        """For messages: ``conv 3x3, stride 2, depthwise, 32x112x112 -> 32x56x56``."""
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
        operators: what it runs, in order; none for a candidate that does nothing.
    """

    label: str
    operators: tuple[Operator, ...]

    @property
    def key(self) -> str:
        """Text that two subgraphs share when they run the same operators on the same shapes."""
        return "; ".join(
            f"{op}" + (f" + {op.activation}" if op.activation and op.kind != ACTIVATION else "")
            for op in self.operators
        )
