"""Written graphs run, and do the arithmetic of the programs they were written from."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from nasea.backends.export.host.onnx_writer import onnx_model, single_operator
from nasea.backends.export.host.onnxruntime import runner
from nasea.cost import Operator, count, operators_of
from nasea.cost.lowering import graph_of
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    NORM,
    POOL,
    RESIZE,
    SOFTMAX,
)
from nasea.errors import LatencyError
from nasea.space import catalogue, output_shape

SHAPE = (8, 9, 7)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", sorted(set(catalogue()) - {"skip"}))
def test_a_block_as_onnx(name: str, stride: int) -> None:
    program = catalogue()[name].build(8, 12, stride)
    assert program is not None
    nodes, result = graph_of(program, SHAPE)
    made = output_shape(program, SHAPE)
    model = onnx_model(nodes, {"input": SHAPE}, {result: made})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    [output] = session.run(None, {"input": np.zeros((1, *SHAPE), np.float32)})
    assert output.shape == (1, *made)
    weights = sum(
        numpy_helper.to_array(tensor).size
        for tensor in model.graph.initializer
        if tensor.name.endswith("_weight")
    )
    assert weights == sum(operator.weights for operator in operators_of(program, SHAPE))
    assert count(program, SHAPE).flops > 0


OPERATORS = [
    Operator(CONV, SHAPE, (12, 5, 4), (3, 3), 2, activation="relu6"),
    Operator(CONV, SHAPE, (8, 9, 7), (5, 5), groups=8),
    Operator(CONV, SHAPE, (4, 7, 5), (3, 3)),
    Operator(DENSE, (8, 1, 1), (10, 1, 1)),
    Operator(POOL, SHAPE, (8, 5, 4), (3, 3), 2),
    Operator(GLOBAL_POOL, SHAPE, (8, 1, 1), (9, 7)),
    Operator(ADD, SHAPE, SHAPE, inputs=2, activation="relu"),
    Operator(ADD, SHAPE, SHAPE),
    Operator(MULTIPLY, SHAPE, SHAPE),
    Operator(NORM, SHAPE, SHAPE),
    Operator(CONCAT, SHAPE, (16, 9, 7), inputs=2),
    Operator(SOFTMAX, (10, 1, 1), (10, 1, 1)),
    Operator(RESIZE, SHAPE, (8, 18, 14)),
    Operator(COPY, SHAPE, (8, 10, 8)),
    *(
        Operator(ACTIVATION, SHAPE, SHAPE, activation=kind)
        for kind in ("relu", "relu6", "hswish", "hsigmoid", "sigmoid", "swish")
    ),
]


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
def test_a_single_operator(operator: Operator) -> None:
    model = single_operator(operator)
    runner(bytes(model.SerializeToString()))()
    shapes = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    [output] = shapes.graph.output
    made = tuple(d.dim_value for d in output.type.tensor_type.shape.dim)
    assert made == (1, *operator.out_shape)


def test_what_cannot_be_written_is_named() -> None:
    odd = Operator("torch.softplus", SHAPE, SHAPE, name="PostNet, softplus")
    with pytest.raises(LatencyError, match="torch.softplus, 8x9x7 .PostNet, softplus. cannot"):
        single_operator(odd)
