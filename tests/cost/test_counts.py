"""Parameters and FLOPs against formulas worked out by hand, one block of each family.

The letters: ``i`` and ``o`` are the input and output channels, ``m`` the inner ones; the input is
8×8, so a plane holds 64 values before a stride of 2 and 16 after it.
"""

from __future__ import annotations

import pytest

from nasea.cost import Costs, count
from nasea.space import Act, Add, Conv, GlobalPool, Norm, Pool, Program, Scale, catalogue

BEFORE, AFTER = 64, 16


def counted(block: str, c_in: int, c_out: int, stride: int) -> Costs:
    program = catalogue()[block].build(c_in, c_out, stride)
    assert program is not None
    return count(program, (c_in, 8, 8))


def test_skip_is_free() -> None:
    assert counted("skip", 6, 6, 1) == Costs(0, 0)


def test_basic() -> None:
    i, o = 6, 10
    m = 5
    main = 9 * i * m + 9 * m * o
    norms = 2 * m + 2 * o + 2 * o
    assert counted("basic_x0.5", i, o, 2) == Costs(main + i * o + norms, 2 * AFTER * (main + i * o))


def test_basic_with_identity() -> None:
    o = 6
    weights = 2 * 9 * o * o
    assert counted("basic_x1", o, o, 1) == Costs(weights + 2 * 2 * o, 2 * BEFORE * weights)


def test_bottleneck() -> None:
    i, o = 6, 8
    m = 4
    # The first convolution still sees the whole plane: the stride is in the middle (ResNet v1.5).
    flops = 2 * (BEFORE * i * m + AFTER * 9 * m * m + AFTER * m * o + AFTER * i * o)
    parameters = i * m + 9 * m * m + m * o + i * o + 2 * (m + m + o + o)
    assert counted("bottleneck_x0.5", i, o, 2) == Costs(parameters, flops)


def test_inverted() -> None:
    i, o = 4, 10
    m = 3 * i
    flops = 2 * (BEFORE * i * m + AFTER * 25 * m + AFTER * m * o + AFTER * i * o)
    parameters = i * m + 25 * m + m * o + i * o + 2 * (m + m + o + o)
    assert counted("inverted_k5_e3", i, o, 2) == Costs(parameters, flops)


def test_inverted_with_attention() -> None:
    i = 4
    m, r = 12, 3
    plain, attentive = counted("inverted_k3_e3", i, i, 1), counted("inverted_k3_e3_se", i, i, 1)
    assert attentive.parameters - plain.parameters == m * r + r + r * m + m
    assert attentive.flops - plain.flops == 2 * (m * r + r * m)  # on a 1×1 plane, biases free


def test_fused() -> None:
    i, o = 4, 6
    m = 2 * i
    flops = 2 * AFTER * (9 * i * m + m * o + i * o)
    parameters = 9 * i * m + m * o + i * o + 2 * (m + o + o)
    assert counted("fused_e2", i, o, 2) == Costs(parameters, flops)


def test_separable() -> None:
    i, o = 4, 6
    flops = 2 * AFTER * (49 * i + i * o + i * o)
    assert counted("separable_k7", i, o, 2) == Costs(49 * i + 2 * i * o + 2 * (i + o + o), flops)


@pytest.mark.parametrize(
    "program, expected",
    [
        ((), Costs(0, 0)),
        ((Norm(4, "norm"),), Costs(8, 0)),
        ((Act("hswish"), Pool("max", 3, 2), GlobalPool()), Costs(0, 0)),
        ((Conv(4, 4, 3, "conv", bias=True),), Costs(4 * 4 * 9 + 4, 2 * 4 * 4 * 9 * 64)),
        ((Conv(4, 6, 3, "conv", groups=2),), Costs(6 * 2 * 9, 2 * 6 * 2 * 9 * 64)),
        ((Pool("avg", 3, 2), Conv(4, 4, 1, "conv")), Costs(16, 2 * 16 * 16)),
        ((Add(((), (Norm(4, "norm"),))), Norm(4, "after")), Costs(16, 0)),
        ((Scale((GlobalPool(), Conv(4, 4, 1, "gate"))), Act()), Costs(16, 32)),
    ],
)
def test_operations(program: Program, expected: Costs) -> None:
    assert count(program, (4, 8, 8)) == expected


def test_odd_planes_round_up() -> None:
    assert count((Conv(1, 1, 3, "conv", stride=2),), (1, 7, 5)).flops == 2 * 9 * (4 * 3)


def test_costs_add_and_an_unknown_latency_stays_unknown() -> None:
    assert Costs(1, 2, 0.5) + Costs(10, 20, 0.25) == Costs(11, 22, 0.75)
    assert Costs(1, 2, 0.0) + Costs(1, 2, 0.0) == Costs(2, 4, 0.0)
    assert (Costs(1, 2, 0.5) + Costs(10, 20)).latency_ms is None
