"""Shape inference: what comes out of a program, and what is wrong with one that does not fit."""

from __future__ import annotations

from nasea.errors import SpaceError
from nasea.space.ops import Act, Add, Conv, GlobalPool, Norm, Op, Pool, Program, Scale

Shape = tuple[int, int, int]
"""(channels, height, width) of one image, whatever the framework's layout."""


def output_shape(program: Program, shape: Shape) -> Shape:
    """Shape after ``program``; raises SpaceError where channels or branches do not fit."""
    for op in program:
        shape = op_output_shape(op, shape)
    return shape


def op_output_shape(op: Op, shape: Shape) -> Shape:
    """Shape after one operation."""
    channels, height, width = shape
    if isinstance(op, Conv):
        _expect_channels(op, op.c_in, channels)
        return (op.c_out, _strided(height, op.stride), _strided(width, op.stride))
    if isinstance(op, Norm):
        _expect_channels(op, op.channels, channels)
        return shape
    if isinstance(op, Pool):
        return (channels, _strided(height, op.stride), _strided(width, op.stride))
    if isinstance(op, GlobalPool):
        return (channels, 1, 1)
    if isinstance(op, Add):
        outputs = {output_shape(branch, shape) for branch in op.branches}
        if len(outputs) != 1:
            raise SpaceError(f"the branches of an Add end in different shapes: {sorted(outputs)}")
        return outputs.pop()
    if isinstance(op, Scale):
        gate = output_shape(op.gate, shape)
        if gate != (channels, 1, 1):
            raise SpaceError(f"a gate must end in ({channels}, 1, 1), found {gate}")
        return shape
    if isinstance(op, Act):
        return shape
    raise SpaceError(f"{op!r} is not an operation (is a * missing before a part of the program?)")


def _strided(size: int, stride: int) -> int:
    return -(-size // stride)


def _expect_channels(op: Conv | Norm, expected: int, found: int) -> None:
    if expected != found:
        raise SpaceError(f"{op.slot!r} reads {expected} channels, but {found} arrive")
