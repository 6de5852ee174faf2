"""The vocabulary: shapes of each operation, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    output_shape,
    squeeze_excite,
    tensors,
)
from nasea.space.ops import leaves, rename_slots

sizes = st.integers(1, 40)
kernels = st.sampled_from([1, 3, 5, 7, 11])


@given(sizes, sizes, kernels, st.sampled_from([1, 2]))
def test_windows_divide_the_size_by_the_stride_rounding_up(
    height: int, width: int, kernel: int, stride: int
) -> None:
    def slid(size: int) -> int:
        """What every framework computes for a window with kernel // 2 zeros on each side."""
        return (size + 2 * (kernel // 2) - kernel) // stride + 1

    expected = (slid(height), slid(width))
    conv = Conv(3, 5, kernel, "conv", stride=stride)
    assert output_shape((conv,), (3, height, width)) == (5, *expected)
    pool = Pool("max", kernel, stride)
    assert output_shape((pool,), (3, height, width)) == (3, *expected)
    assert expected == (-(-height // stride), -(-width // stride))


@pytest.mark.parametrize(
    "op, expected",
    [
        (Norm(4, "norm"), (4, 6, 5)),
        (Act("hswish"), (4, 6, 5)),
        (GlobalPool(), (4, 1, 1)),
        (Add(((), (Conv(4, 4, 3, "conv"),))), (4, 6, 5)),
        (Add(((Conv(4, 9, 1, "a", stride=2),), (Conv(4, 9, 1, "b", stride=2),))), (9, 3, 3)),
        (squeeze_excite(4, 1), (4, 6, 5)),
    ],
)
def test_shape_of_an_operation(op: Op, expected: tuple[int, int, int]) -> None:
    assert output_shape((op,), (4, 6, 5)) == expected


def test_the_empty_program_is_the_identity() -> None:
    assert output_shape((), (4, 6, 5)) == (4, 6, 5)


@pytest.mark.parametrize(
    "program, message",
    [
        ((Conv(3, 4, 1, "conv"),), "'conv' reads 3 channels, but 4 arrive"),
        ((Norm(5, "norm"),), "'norm' reads 5 channels, but 4 arrive"),
        ((Add(((), (GlobalPool(),))),), "branches of an Add end in different shapes"),
        ((Add(()),), "branches of an Add"),
        ((Scale((Act(),)),), r"a gate must end in \(4, 1, 1\), found \(4, 6, 5\)"),
        ((Scale((GlobalPool(), Conv(4, 1, 1, "gate"))),), r"a gate must end in \(4, 1, 1\)"),
        (((Act(),),), "not an operation"),
        (("relu",), "'relu' is not an operation"),
        ((Add((cast(Any, ("relu",)),)),), "'relu' is not an operation"),
    ],
)
def test_programs_that_do_not_fit_are_refused(program: object, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        output_shape(cast(Program, program), (4, 6, 5))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Conv(4, 4, 2, "conv"), "'conv': kernel must be odd, found 2"),
        (lambda: Conv(4, 4, 0, "conv"), "positive whole numbers"),
        (lambda: Conv(4, 0, 3, "conv"), "positive whole numbers"),
        (lambda: Conv(4, 4, 3, "conv", stride=0), "positive whole numbers"),
        (lambda: Conv(4, 5, 3, "conv", groups=4), "4 -> 5 channels do not divide into 4 groups"),
        (lambda: Conv(5, 4, 3, "conv", groups=4), "5 -> 4 channels do not divide into 4 groups"),
        (lambda: Conv(4, cast(Any, 8 / 2), 3, "conv"), "positive whole numbers.*4.0"),
        (lambda: Norm(cast(Any, 4.0), "norm"), "positive whole numbers.*4.0"),
        (lambda: Norm(0, "norm"), "positive whole numbers"),
        (lambda: Pool("max", 2), "kernel must be odd, found 2"),
        (lambda: Pool("avg", 3, 0), "positive whole numbers"),
        (lambda: Pool(cast(Any, "min"), 3), "kind must be max or avg, found 'min'"),
        (lambda: Act(cast(Any, "gelu")), "kind must be one of relu, .*, found 'gelu'"),
    ],
)
def test_malformed_operations_are_refused(make: Callable[[], Op], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


def test_tensors_come_in_the_order_in_which_the_program_is_written() -> None:
    program: Program = (
        Conv(4, 6, 3, "first", groups=2),
        Add(((), (Norm(6, "norm"),))),
        Scale((GlobalPool(), Conv(6, 6, 1, "gate", bias=True))),
    )
    assert [(tensor.slot, tensor.kind, tensor.shape) for tensor in tensors(program)] == [
        ("first/weight", "weight", (6, 2, 3, 3)),
        ("norm/scale", "scale", (6,)),
        ("norm/shift", "shift", (6,)),
        ("gate/weight", "weight", (6, 6, 1, 1)),
        ("gate/bias", "bias", (6,)),
    ]


def test_renaming_changes_names_and_nothing_else() -> None:
    program: Program = (
        squeeze_excite(4, 2),
        Pool("avg", 3),
        Add(((), (Conv(4, 4, 3, "conv"), Norm(4, "norm"), Act()))),
    )
    renamed = rename_slots(program, lambda name: f"new/{name}")
    assert {t.slot for t in tensors(renamed)} == {f"new/{t.slot}" for t in tensors(program)}
    assert [type(op) for op in leaves(renamed)] == [type(op) for op in leaves(program)]
    assert rename_slots(renamed, lambda name: name.removeprefix("new/")) == program
