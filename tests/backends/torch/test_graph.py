"""The operators of a torch module, against those of the program it was built from."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nasea.backends.torch.export.operators import operators_of_module
from nasea.backends.torch.network.layers import build
from nasea.cost import operators_of
from nasea.space import Act, Conv, GlobalPool, Pool, catalogue


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_block_runs_the_operators_of_its_program(name: str, stride: int) -> None:
    program = catalogue()[name].build(8, 8, stride)
    if program is None:
        return
    module = build(program).eval()
    found = operators_of_module(module, torch.zeros(1, 8, 9, 7), "block")
    wanted = operators_of(program, (8, 9, 7))
    assert sorted(map(str, found)) == sorted(map(str, wanted))
    assert sorted(op.activation for op in found) == sorted(op.activation for op in wanted)


def test_pools_and_other_non_linearities() -> None:
    program = (Pool("max", 3, 2), Pool("avg", 3), Conv(8, 4, 1, "c", bias=True), Act("hswish"),
               GlobalPool())  # fmt: skip
    module = build(program).eval()
    found = operators_of_module(module, torch.zeros(1, 8, 9, 7), "end")
    assert found == operators_of(program, (8, 9, 7))


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.classify = nn.Linear(8, 10)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        pooled = x.mean((2, 3))
        if float(pooled.sum()) < 0:  # no exporter follows this
            pooled = -pooled
        return {"out": self.classify(self.drop(pooled)), "odd": nn.functional.softplus(pooled)}


def test_an_end_with_a_name_for_everything() -> None:
    found = operators_of_module(Head().eval(), torch.ones(1, 8, 3, 3), "PostNet")
    message = [f"{op} ({op.name})" for op in found if not op.kind.startswith("torch._local")]
    assert "global_pool, 8x3x3 -> 8x1x1 (PostNet, mean.dim)" in message
    assert "dense, 8x1x1 -> 10x1x1 (PostNet, addmm)" in message
    assert "torch.softplus, 8x1x1 (PostNet, softplus)" in message


def test_work_in_place_is_seen() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU6(inplace=True)).eval()
    [conv] = operators_of_module(module, torch.zeros(1, 3, 8, 8), "PreNet")
    assert (str(conv), conv.activation) == ("conv 3x3, 3x8x8 -> 4x6x6", "relu6")
