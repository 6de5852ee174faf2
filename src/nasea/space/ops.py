"""The vocabulary: what a block is made of.

A block is a *program*, a tuple of the frozen operations below, applied one after the other.
Branches nest (``Add``, ``Scale``), so a program is a small tree. It is written once and read by
five interpreters: the cost counters, one network builder for each framework, the code generator
and the drawing. What frameworks do differently by default is fixed here, for all of them:

* convolutions and pools pad ``kernel // 2`` zeros (pools: the pad never wins a maximum and never
  counts in an average) on every side, whatever the stride, so the output is
  ``ceil(size / stride)``;
* a convolution has a bias only where ``bias=True``;
* ``hsigmoid`` is ``relu6(x + 3) / 6`` and ``hswish`` is ``x * hsigmoid(x)`` (Howard et al. 2019,
  arXiv:1905.02244, §5.2; tf.keras calls another line hard_sigmoid); ``silu`` is
  ``x * sigmoid(x)`` (Elfwing et al. 2018, arXiv:1702.03118);
* normalisation is batch normalisation with ``NORM_EPS`` and ``NORM_MOMENTUM``, where the momentum
  is the weight of the *new* observation (tf.keras counts the other way round: 0.9);
* initial values: convolutions He-normal over fan-out (He et al. 2015, arXiv:1502.01852), biases 0,
  normalisation scale 1 and shift 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from nasea.errors import SpaceError

NORM_EPS = 1e-5
NORM_MOMENTUM = 0.1

Activation = Literal["relu", "relu6", "hswish", "silu", "sigmoid", "hsigmoid"]
PoolKind = Literal["max", "avg"]


@dataclass(frozen=True)
class Conv:
    """Two-dimensional convolution, (N, c_in, H, W) -> (N, c_out, ceil(H/stride), ceil(W/stride)).

    Attributes:
        c_in: input channels, a multiple of ``groups``.
        c_out: output channels, a multiple of ``groups``.
        kernel: side of the square kernel, odd.
        slot: name of the tensor that holds the weight (and the bias, where there is one).
        stride: 1 or 2.
        groups: 1 for a dense convolution, ``c_in`` for a depthwise one.
        bias: whether a bias is added.
    """

    c_in: int
    c_out: int
    kernel: int
    slot: str
    stride: int = 1
    groups: int = 1
    bias: bool = False

    def __post_init__(self) -> None:
        _expect_sizes(self, (self.c_in, self.c_out, self.kernel, self.stride, self.groups))
        if self.kernel % 2 == 0:
            raise SpaceError(f"Conv {self.slot!r}: kernel must be odd, found {self.kernel}")
        if self.c_in % self.groups or self.c_out % self.groups:
            raise SpaceError(
                f"Conv {self.slot!r}: {self.c_in} -> {self.c_out} channels do not divide "
                f"into {self.groups} groups"
            )

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """(c_out, c_in / groups, kernel, kernel)."""
        return (self.c_out, self.c_in // self.groups, self.kernel, self.kernel)


@dataclass(frozen=True)
class Norm:
    """Batch normalisation over ``channels`` channels, with a learned scale and shift.

    Attributes:
        channels: channels in and out.
        slot: name of the tensors that hold scale and shift.
        starts_at_zero: initial scale 0 instead of 1, for the last one of a residual branch: the
            branch then begins as nothing (Goyal et al. 2017, arXiv:1706.02677, §5.1).
    """

    channels: int
    slot: str
    starts_at_zero: bool = False

    def __post_init__(self) -> None:
        _expect_sizes(self, (self.channels,))


@dataclass(frozen=True)
class Act:
    """Pointwise non-linearity."""

    kind: Activation = "relu"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Activation):
            known = ", ".join(get_args(Activation))
            raise SpaceError(f"Act: kind must be one of {known}, found {self.kind!r}")


@dataclass(frozen=True)
class Pool:
    """Maximum or average over a square window, side ``kernel`` (odd)."""

    kind: PoolKind
    kernel: int
    stride: int = 1

    def __post_init__(self) -> None:
        _expect_sizes(self, (self.kernel, self.stride))
        if self.kernel % 2 == 0:
            raise SpaceError(f"Pool: kernel must be odd, found {self.kernel}")
        if self.kind not in get_args(PoolKind):
            raise SpaceError(f"Pool: kind must be max or avg, found {self.kind!r}")


@dataclass(frozen=True)
class GlobalPool:
    """Average over the whole plane, (N, C, H, W) -> (N, C, 1, 1)."""


@dataclass(frozen=True)
class Add:
    """Sum of branches that all read the same input; the empty branch ``()`` is the identity."""

    branches: tuple[Program, ...]


@dataclass(frozen=True)
class Scale:
    """``x * gate(x)``; the gate ends in (N, C, 1, 1). Squeeze-and-excitation is one of these."""

    gate: Program


Op = Conv | Norm | Act | Pool | GlobalPool | Add | Scale
Program = tuple[Op, ...]


def branches_of(op: Op) -> tuple[Program, ...]:
    """The programs nested in ``op``; empty for a leaf."""
    if isinstance(op, Add):
        return op.branches
    if isinstance(op, Scale):
        return (op.gate,)
    return ()


def leaves(program: Program) -> Iterator[Op]:
    """Every leaf operation, in the order in which the program is written."""
    for op in program:
        nested = branches_of(op)
        if not nested:
            yield op
        for branch in nested:
            yield from leaves(branch)


def overwrites_input(before: Op | None) -> bool:
    """Whether an activation behind ``before`` may reuse its memory: nobody else reads it."""
    return isinstance(before, Conv | Norm) or (isinstance(before, Add) and len(before.branches) > 1)


def rename_slots(program: Program, rename: Callable[[str], str]) -> Program:
    """The same program with every slot name replaced by ``rename(name)``."""

    def renamed(op: Op) -> Op:
        if isinstance(op, Conv | Norm):
            return replace(op, slot=rename(op.slot))
        if isinstance(op, Add):
            return Add(tuple(rename_slots(branch, rename) for branch in op.branches))
        if isinstance(op, Scale):
            return Scale(rename_slots(op.gate, rename))
        return op

    return tuple(renamed(op) for op in program)


def _expect_sizes(op: Op, sizes: tuple[int, ...]) -> None:
    # Types are not enough: ``c_out / 2`` in a user's block is a float that frameworks refuse late.
    if any(not isinstance(size, int) or size < 1 for size in sizes):
        raise SpaceError(f"sizes must be positive whole numbers, found {op}")
