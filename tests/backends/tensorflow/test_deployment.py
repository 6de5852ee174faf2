"""TFLite files of blocks, ends and operators: they run in LiteRT, shapes as they should be."""

from __future__ import annotations

import pytest

from nasea.backends.export.host.litert import runner
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cost import Operator
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    POOL,
    RESIZE,
    SOFTMAX,
)
from nasea.errors import LatencyError
from nasea.space import catalogue

load_tensorflow(2)

from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from nasea.backends.tensorflow.export.deployment import TfliteDeployment  # noqa: E402
from nasea.backends.tensorflow.export.operator_files import tflite_operator  # noqa: E402

SHAPE = (8, 9, 7)
OPERATORS = [
    Operator(CONV, SHAPE, (12, 5, 4), (3, 3), 2, activation="relu6"),
    Operator(CONV, SHAPE, (8, 9, 7), (5, 5), groups=8),
    Operator(CONV, SHAPE, (4, 7, 5), (3, 3)),
    Operator(DENSE, (8, 1, 1), (10, 1, 1)),
    Operator(POOL, SHAPE, (8, 5, 4), (3, 3), 2),
    Operator(GLOBAL_POOL, SHAPE, (8, 1, 1), (9, 7)),
    Operator(ADD, SHAPE, SHAPE, inputs=2, activation="relu"),
    Operator(MULTIPLY, SHAPE, SHAPE),
    Operator(CONCAT, SHAPE, (16, 9, 7), inputs=2),
    Operator(SOFTMAX, (10, 1, 1), (10, 1, 1)),
    Operator(RESIZE, SHAPE, (8, 18, 14)),
    Operator(COPY, SHAPE, (8, 10, 8)),
    Operator(ACTIVATION, SHAPE, SHAPE, activation="hswish"),
    Operator(ACTIVATION, SHAPE, SHAPE, activation="swish"),
]


def output_sizes(content: bytes) -> list[int]:
    interpreter = Interpreter(model_content=content)
    [output] = interpreter.get_output_details()
    return [int(size) for size in output["shape"]]


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
def test_a_single_operator(operator: Operator) -> None:
    content = tflite_operator(operator)
    runner(content)()
    channels, height, width = operator.out_shape
    wanted = [1, channels] if operator.kind == DENSE else [1, height, width, channels]
    assert output_sizes(content) == wanted


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(LatencyError, match="TensorFlow Softplus, 8x9x7"):
        tflite_operator(Operator("TensorFlow Softplus", SHAPE, SHAPE))


@pytest.mark.parametrize("name", ["basic_x1", "inverted_k3_e3_se", "separable_k5"])
def test_a_block(name: str) -> None:
    program = catalogue()[name].build(8, 12, 2)
    assert program is not None
    deployment = TfliteDeployment.__new__(TfliteDeployment)  # blocks alone
    content = deployment.block(program, SHAPE)
    runner(content)()
    assert output_sizes(content) == [1, 5, 4, 12]
