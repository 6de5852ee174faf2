"""Operators of programs: they must do the arithmetic that the counters count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.cost import Subgraph, count, operators_of
from nasea.cost.fusion import Node, fuse
from nasea.cost.operators import ACTIVATION, ADD, CONV, NORM, RESHAPE, Operator
from nasea.space import Act, Add, Conv, Norm, catalogue, output_shape

SHAPE = (8, 9, 7)


@given(
    name=st.sampled_from(sorted(catalogue())),
    c_in=st.integers(1, 40),
    c_out=st.integers(1, 40),
    stride=st.integers(1, 2),
)
def test_operators_do_what_the_counters_count(
    name: str, c_in: int, c_out: int, stride: int
) -> None:
    program = catalogue()[name].build(c_in, c_out, stride)
    if program is None:
        return
    shape = (c_in, 9, 7)
    operators = operators_of(program, shape)
    assert 2 * sum(op.macs for op in operators) == count(program, shape).flops
    assert not program or output_shape(program, shape) in {op.out_shape for op in operators}
    assert all(op.kind not in (NORM, RESHAPE) for op in operators), "norms are folded"


def test_a_residual_block() -> None:
    program = catalogue()["basic_x1"].build(8, 8, 1)
    assert program is not None
    conv = Operator(CONV, SHAPE, SHAPE, (3, 3))
    relu = Operator(CONV, SHAPE, SHAPE, (3, 3), activation="relu")
    assert operators_of(program, SHAPE) == (
        relu,
        conv,
        Operator(ADD, SHAPE, SHAPE, inputs=2, activation="relu"),
    )


def test_doing_nothing_is_no_operator() -> None:
    assert operators_of((), SHAPE) == ()


def test_a_value_that_two_read_is_not_changed_on_the_way_out() -> None:
    program = (Conv(8, 8, 1, "conv"), Add(((), (Act("relu"),))))
    kinds = [op.kind for op in operators_of(program, SHAPE)]
    assert kinds == [CONV, ACTIVATION, ADD]


def test_other_non_linearities_are_operators_of_their_own() -> None:
    program = (Conv(8, 8, 1, "conv"), Norm(8, "norm"), Act("hswish"))
    assert [str(op) for op in operators_of(program, SHAPE)] == [
        "conv 1x1, 8x9x7",
        "activation hswish, 8x9x7",
    ]


def test_what_the_whole_graph_gives_back_is_needed_as_it_is() -> None:
    conv, relu = Operator(CONV, SHAPE, SHAPE), Operator(ACTIVATION, SHAPE, SHAPE, activation="relu")
    nodes = [Node(conv, ("x",), "a"), Node(relu, ("a",), "b")]
    assert len(fuse(nodes, ["b"])) == 1
    assert len(fuse(nodes, ["a", "b"])) == 2


@pytest.mark.parametrize(
    "groups, grouping", [(1, "dense"), (8, "depthwise"), (4, "grouped"), (2, "grouped")]
)
def test_grouping(groups: int, grouping: str) -> None:
    assert Operator(CONV, SHAPE, SHAPE, (3, 3), groups=groups).grouping == grouping


def test_the_origin_is_not_part_of_what_an_operator_is() -> None:
    one = Operator(CONV, SHAPE, SHAPE)
    assert one.named("PreNet") == one
    assert Subgraph("a", (one.named("x"),)).key == Subgraph("b", (one,)).key
    assert str(one.named("PreNet")) == str(one)
