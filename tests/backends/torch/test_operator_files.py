"""Single operators as modules and, where ExecuTorch is installed, as its files."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from nasea.backends.torch.export.executorch import load_executorch
from nasea.backends.torch.export.operator_files import (
    SingleOperator,
    pte_body,
    pte_nothing,
    pte_operator,
)
from nasea.cost import Operator
from nasea.cost.operators import CONV, MULTIPLY
from nasea.errors import LatencyError
from nasea.space import build_space, catalogue

from ..single_operators import OPERATORS, SHAPE

needs_executorch = pytest.mark.skipif(
    importlib.util.find_spec("executorch") is None, reason="ExecuTorch is not installed"
)


@pytest.mark.parametrize("operator", OPERATORS, ids=str)
def test_a_single_operator_has_its_output_shape(operator: Operator) -> None:
    values = [torch.ones(1, *operator.in_shape) for _ in range(operator.inputs)]
    if operator.kind == MULTIPLY:
        values.append(torch.ones(1, operator.in_shape[0], 1, 1))
    with torch.no_grad():
        output = SingleOperator(operator).eval()(*values)
    assert tuple(output.shape) == (1, *operator.out_shape)


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(LatencyError, match="aten::special_i0e, 8x9x7"):
        pte_operator(Operator("aten::special_i0e", SHAPE, SHAPE))


@needs_executorch
@pytest.mark.parametrize("operator", [one for one in OPERATORS if one.kind == CONV], ids=str)
def test_its_file_runs(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "it.pte"
    path.write_bytes(pte_operator(operator))
    (output,) = load_executorch(path, 1)(np.ones((1, *operator.in_shape), np.float32))
    assert output.shape == (1, *operator.out_shape)


@needs_executorch
def test_a_body_and_an_empty_network_run(tmp_path: Path) -> None:
    path = tmp_path / "it.pte"
    path.write_bytes(pte_nothing())
    assert load_executorch(path, 1)(np.ones((1, 1, 1, 1), np.float32))[0].shape == (1, 1, 1, 1)
    space = build_space(SHAPE, [12], [2], [catalogue()["basic_x1"]])
    path.write_bytes(pte_body(space, (0,)))
    assert load_executorch(path, 1)(np.ones((1, *SHAPE), np.float32))[0].shape == (1, 12, 5, 4)
