"""The operations that blocks are made of.

A block is a *program*, a tuple of the frozen operations below, applied in order. Branches nest
(``Add``, ``Scale``), so a program is a small tree. Each operation defines here how it changes
shapes and which tensors it learns. ``cost/lowering.py`` defines its cost, and one description in
each framework its computation. Further operations are subclasses of :class:`Op`
(docs/add-an-operation.md). The defaults in which frameworks differ are fixed here for all of them:

* convolutions and pools pad ``kernel // 2`` zeros (pools: the pad never wins a maximum and never
  counts in an average) on every side at any stride, so the output is ``ceil(size / stride)``;
* a convolution has a bias only where ``bias=True``;
* ``hsigmoid`` is ``relu6(x + 3) / 6`` and ``hswish`` is ``x * hsigmoid(x)`` (Howard et al. 2019,
  arXiv:1905.02244, §5.2; the hard_sigmoid of tf.keras is another function); ``silu`` is ``x *
  sigmoid(x)`` (Elfwing et al. 2018, arXiv:1702.03118);
* normalisation is batch normalisation with ``NORM_EPS`` and ``NORM_MOMENTUM``, where the momentum
  is the weight of the *new* observation (tf.keras gives the weight of the old value: 0.9);
* initial values: convolutions He-normal over fan-out (He et al. 2015, arXiv:1502.01852), biases 0,
  normalisation scale 1 and shift 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from nasea.errors import SpaceError

NORM_EPS = 1e-5
NORM_MOMENTUM = 0.1

Activation = Literal["relu", "relu6", "hswish", "silu", "sigmoid", "hsigmoid"]
PoolKind = Literal["max", "avg"]
SlotKind = Literal["weight", "bias", "scale", "zero_scale", "shift"]

Shape = tuple[int, int, int]
"""(channels, height, width) of one image, in any framework."""


@dataclass(frozen=True)
class Tensor:
    """A learned tensor as one operation uses it.

    Attributes:
        slot: name of the slot that holds it.
        kind: decides its initial values.
        shape: (c_out, c_in / groups, kernel, kernel) for a weight, (channels,) for the others.
    """

    slot: str
    kind: SlotKind
    shape: tuple[int, ...]


class Op:
    """An operation; its subclasses are frozen dataclasses.

    An operation that learns has a field ``slot``: the prefix of the names of its tensors.
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape after the operation; raise SpaceError if ``shape`` does not fit."""
        return shape

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors that it learns itself, in the order in which frameworks pass them."""
        return ()

    @property
    def reduction(self) -> int:
        """The factor by which it reduces the sides of the image."""
        return 1

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs nested in it; empty for a leaf."""
        return ()

    def with_programs(self, programs: tuple[Program, ...]) -> Op:
        """Return the same operation with other nested programs, as many as it has."""
        return self


Program = tuple[Op, ...]


@dataclass(frozen=True)
class Conv(Op):
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

    @property
    def reduction(self) -> int:
        """See :class:`Op`."""
        return self.stride

    def output_shape(self, shape: Shape) -> Shape:
        """See :class:`Op`."""
        _expect_channels(self.slot, self.c_in, shape)
        return (self.c_out, *_strided(shape, self.stride))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """See :class:`Op`."""
        weight = Tensor(f"{self.slot}/weight", "weight", self.weight_shape)
        bias = Tensor(f"{self.slot}/bias", "bias", (self.c_out,))
        return (weight, bias) if self.bias else (weight,)


@dataclass(frozen=True)
class Norm(Op):
    """Batch normalisation over ``channels`` channels, with a learned scale and shift.

    Attributes:
        channels: channels in and out.
        slot: name of the tensors that hold scale and shift.
        starts_at_zero: initial scale 0 instead of 1, for the last one of a residual branch: the
            branch is zero at first (Goyal et al. 2017, arXiv:1706.02677, §5.1).
    """

    channels: int
    slot: str
    starts_at_zero: bool = False

    def __post_init__(self) -> None:
        _expect_sizes(self, (self.channels,))

    def output_shape(self, shape: Shape) -> Shape:
        """See :class:`Op`."""
        _expect_channels(self.slot, self.channels, shape)
        return shape

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """See :class:`Op`."""
        scale: SlotKind = "zero_scale" if self.starts_at_zero else "scale"
        return (
            Tensor(f"{self.slot}/scale", scale, (self.channels,)),
            Tensor(f"{self.slot}/shift", "shift", (self.channels,)),
        )


@dataclass(frozen=True)
class Act(Op):
    """Pointwise non-linearity."""

    kind: Activation = "relu"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Activation):
            known = ", ".join(get_args(Activation))
            raise SpaceError(f"Act: kind must be one of {known}, found {self.kind!r}")


@dataclass(frozen=True)
class Pool(Op):
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

    @property
    def reduction(self) -> int:
        """See :class:`Op`."""
        return self.stride

    def output_shape(self, shape: Shape) -> Shape:
        """See :class:`Op`."""
        return (shape[0], *_strided(shape, self.stride))


@dataclass(frozen=True)
class GlobalPool(Op):
    """Average over the whole plane, (N, C, H, W) -> (N, C, 1, 1)."""

    def output_shape(self, shape: Shape) -> Shape:
        """See :class:`Op`."""
        return (shape[0], 1, 1)


@dataclass(frozen=True)
class Add(Op):
    """Sum of branches that all read the same input; the empty branch ``()`` is the identity."""

    branches: tuple[Program, ...]

    @property
    def programs(self) -> tuple[Program, ...]:
        """See :class:`Op`."""
        return self.branches

    def with_programs(self, programs: tuple[Program, ...]) -> Op:
        """See :class:`Op`."""
        return Add(programs)

    @property
    def reduction(self) -> int:
        """See :class:`Op`."""
        return reduction(self.branches[0])

    def output_shape(self, shape: Shape) -> Shape:
        """See :class:`Op`."""
        outputs = {output_shape(branch, shape) for branch in self.branches}
        if len(outputs) != 1:
            raise SpaceError(f"the branches of an Add end in different shapes: {sorted(outputs)}")
        return outputs.pop()


@dataclass(frozen=True)
class Scale(Op):
    """``x * gate(x)``; the gate ends in (N, C, 1, 1). Squeeze-and-excitation is one of these."""

    gate: Program

    @property
    def programs(self) -> tuple[Program, ...]:
        """See :class:`Op`."""
        return (self.gate,)

    def with_programs(self, programs: tuple[Program, ...]) -> Op:
        """See :class:`Op`."""
        return Scale(*programs)

    def output_shape(self, shape: Shape) -> Shape:
        """See :class:`Op`."""
        gate = output_shape(self.gate, shape)
        if gate != (shape[0], 1, 1):
            raise SpaceError(f"a gate must end in ({shape[0]}, 1, 1), found {gate}")
        return shape


def output_shape(program: Program, shape: Shape) -> Shape:
    """Return the shape after ``program``; raise SpaceError if channels or branches do not fit."""
    for op in program:
        if not isinstance(op, Op):
            hint = "is a * missing before a part of the program?"
            raise SpaceError(f"{op!r} is not an operation ({hint})")
        shape = op.output_shape(shape)
    return shape


def reduction(program: Program) -> int:
    """Return the factor by which a program reduces the sides of the image."""
    return math.prod(op.reduction for op in program)


def leaves(program: Program) -> Iterator[Op]:
    """Yield every leaf operation in program order."""
    for op in program:
        if not op.programs:
            yield op
        for branch in op.programs:
            yield from leaves(branch)


def tensors(program: Program) -> tuple[Tensor, ...]:
    """Return the learned tensors of a program, in the order of its leaves."""
    return tuple(tensor for op in leaves(program) for tensor in op.tensors)


def overwrites_input(before: Op | None) -> bool:
    """Return whether an activation may overwrite the output of ``before``, read by nothing else."""
    return isinstance(before, Conv | Norm) or (isinstance(before, Add) and len(before.branches) > 1)


def rename_slots(program: Program, rename: Callable[[str], str]) -> Program:
    """Return the same program with every slot name replaced by ``rename(name)``."""

    def renamed(op: Op) -> Op:
        if op.programs:
            return op.with_programs(tuple(rename_slots(inner, rename) for inner in op.programs))
        known = cast(Any, op)
        return cast(Op, replace(known, slot=rename(known.slot))) if op.tensors else op

    return tuple(renamed(op) for op in program)


def starting_at_one(program: Program) -> Program:
    """Return the same program with no normalisation that starts at zero."""

    def changed(op: Op) -> Op:
        if op.programs:
            return op.with_programs(tuple(map(starting_at_one, op.programs)))
        return replace(op, starts_at_zero=False) if isinstance(op, Norm) else op

    return tuple(map(changed, program))


def _strided(shape: Shape, stride: int) -> tuple[int, int]:
    return (-(-shape[1] // stride), -(-shape[2] // stride))


def _expect_channels(slot: str, expected: int, shape: Shape) -> None:
    if expected != shape[0]:
        raise SpaceError(f"{slot!r} reads {expected} channels, but {shape[0]} arrive")


def _expect_sizes(op: Op, sizes: tuple[int, ...]) -> None:
    # Type hints do not suffice: ``c_out / 2`` in a user's block is a float, which frameworks reject
    # late.
    if any(not isinstance(size, int) or size < 1 for size in sizes):
        raise SpaceError(f"sizes must be positive whole numbers, found {op}")
