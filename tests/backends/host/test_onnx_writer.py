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
from nasea.cost.operators import ACTIVATION, ADD, NORM
from nasea.errors import LatencyError
from nasea.space import catalogue, output_shape

from ..single_operators import OPERATORS, SHAPE


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


ONNX_TOO = [
    Operator(ADD, SHAPE, SHAPE),
    Operator(NORM, SHAPE, SHAPE),
    *(
        Operator(ACTIVATION, SHAPE, SHAPE, activation=kind)
        for kind in ("relu", "relu6", "hsigmoid", "sigmoid")
    ),
]


@pytest.mark.parametrize("operator", [*OPERATORS, *ONNX_TOO], ids=str)
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
