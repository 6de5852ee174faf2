"""The operators of a frozen graph, against those of the program it was built from."""

from __future__ import annotations

from typing import Any

import pytest

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cost import operators_of
from nasea.cost.operators import COPY
from nasea.space import Act, Conv, GlobalPool, Norm, Pool, Program, catalogue

load_tensorflow(2)

import tensorflow as tf  # noqa: E402

from nasea.backends.tensorflow.export.operators import operators_of_function  # noqa: E402
from nasea.backends.tensorflow.network.layers import build  # noqa: E402

BLOCKS = [name for name in sorted(catalogue()) if "_se" not in name]


def operators(program: Program, shape: tuple[int, int, int]) -> list[str]:
    channels, height, width = shape
    x = tf.zeros((1, height, width, channels))
    layer = build(program, shape)
    found = operators_of_function(lambda x: layer(x, training=False), x, "block")
    return sorted(f"{op}, {op.activation}" for op in found if op.kind != COPY)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_runs_the_operators_of_its_program(name: str, stride: int) -> None:
    program = catalogue()[name].build(8, 8, stride)
    if program is None:
        return
    found = operators(program, (8, 9, 7))
    wanted = [f"{op}, {op.activation}" for op in operators_of(program, (8, 9, 7))]
    if stride > 1:  # zeros around it are an operator of their own here, so planes are larger
        found = [text for text in found if "stride" not in text]
        wanted = [text for text in wanted if "stride" not in text]
    assert found == sorted(wanted)


def test_pools_biases_and_relu6() -> None:
    program = (Pool("max", 3), Conv(8, 4, 1, "c", bias=True), Norm(4, "n"), Act("relu6"),
               GlobalPool())  # fmt: skip
    wanted = sorted(f"{op}, {op.activation}" for op in operators_of(program, (8, 9, 7)))
    assert operators(program, (8, 9, 7)) == wanted


@pytest.mark.parametrize("depthwise", [False, True])
def test_a_dilated_convolution_is_one_operator(depthwise: bool) -> None:
    kind = tf.keras.layers.DepthwiseConv2D if depthwise else tf.keras.layers.Conv2D
    arguments = (3,) if depthwise else (6, 3)
    layer = kind(*arguments, dilation_rate=2, padding="same", activation="relu")
    image = tf.zeros((1, 9, 7, 4))
    layer(image)
    found = operators_of_function(layer, image, "PostNet")
    (convolution,) = [op for op in found if op.kind != COPY]
    assert convolution.in_shape == (4, 9, 7)
    assert convolution.out_shape == ((4 if depthwise else 6), 9, 7)
    assert (convolution.kernel, convolution.groups) == ((3, 3), 4 if depthwise else 1)
    assert convolution.activation == "relu"


def test_what_has_no_word_here_keeps_its_name() -> None:
    def head(x: Any) -> Any:
        return {"out": tf.math.softplus(tf.reduce_mean(x, (1, 2)))}

    found = operators_of_function(head, tf.zeros((1, 4, 4, 8)), "PostNet")
    assert [str(op) for op in found] == [
        "global_pool, 8x4x4 -> 8x1x1",
        "TensorFlow Softplus, 8x1x1",
    ]
    assert found[1].name.startswith("PostNet, ")
