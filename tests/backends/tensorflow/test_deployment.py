"""TFLite files of blocks, ends and operators: they run in LiteRT, shapes as they should be."""

from __future__ import annotations

import pytest

from nasea.backends.export.host.litert import runner
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cost import Operator
from nasea.cost.operators import DENSE
from nasea.errors import LatencyError
from nasea.space import catalogue

from ..single_operators import OPERATORS, SHAPE

load_tensorflow(2)

from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from nasea.backends.tensorflow.export.deployment import TfliteDeployment  # noqa: E402
from nasea.backends.tensorflow.export.operator_files import tflite_operator  # noqa: E402


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
