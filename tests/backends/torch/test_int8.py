"""PyTorch scores and trains as its int8 files compute: the contract, and what users' code does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from contracts.int8 import Int8Contract
from nasea.backends.torch.network.fake_quantisation import (
    Phase,
    Stage,
    fake_quantised,
    rounded_weight,
)
from nasea.backends.torch.network.layers import build
from nasea.space import Genome, Program, tensors

from . import project as small_project
from .test_score import LOSS_METRIC


class TestInt8(Int8Contract):
    kit = small_project
    framework = "pytorch"
    format = "onnx-int8"
    loss_metric = LOSS_METRIC

    def run(
        self, program: Program, weights: Mapping[str, np.ndarray], images: np.ndarray
    ) -> np.ndarray:
        layer = build(program).eval()
        with torch.no_grad():
            for tensor, parameter in zip(tensors(program), layer.parameters(), strict=True):
                parameter.copy_(torch.from_numpy(weights[tensor.slot]))
            return stage_of(layer, torch.from_numpy(images))(torch.from_numpy(images)).numpy()

    def outputs(self, backend: Any, genome: Genome, images: np.ndarray) -> np.ndarray:
        prefix = backend.scorer.prefix(None, 0)
        with backend.scorer.calibrated_path(genome, 0, prefix, False, True) as path:
            return backend.scorer.evaluate(path)(torch.from_numpy(images)).numpy()


def stage_of(module: nn.Module, x: Any) -> Stage:
    """A module with ranges taken on an input."""
    stage = Stage(module)
    with torch.no_grad():
        stage.phase = Phase.OBSERVE
        stage(x)
        stage.phase = Phase.ROUND
    return stage


class Habits(nn.Module):
    """What a user's module may do between its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 1)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        x = F.relu(self.norm(self.first(x)), inplace=True)
        assert x.shape[1] == 4 and x.dim() == 4
        x += self.second(x)
        x.mul_(0.5)
        x = F.interpolate(F.silu(x), scale_factor=2)
        tokens = x.flatten(2).transpose(1, 2)
        seen, _ = self.attention(tokens, tokens, tokens)
        return {"out": self.last(seen.mean(1)), "aux": [x, None]}


def test_modules_of_any_kind_are_rounded_and_keep_their_nesting() -> None:
    torch.manual_seed(0)
    module, x = Habits().eval(), torch.randn(4, 1, 6, 6)
    with torch.no_grad():
        wanted = module(x.clone())
        found = stage_of(module, x.clone())(x.clone())
    assert found.keys() == wanted.keys() and found["aux"][1] is None
    for a, b in ((found["out"], wanted["out"]), (found["aux"][0], wanted["aux"][0])):
        assert not torch.equal(a, b)
        assert (a - b).abs().max() < 0.1 * b.abs().max()


def test_an_activation_has_at_most_256_values() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        found = stage_of(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), x)(x)
    assert 2 < len(found.unique()) <= 256


def test_gradients_pass_the_rounding() -> None:
    layer = nn.Conv2d(3, 2, 3)
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    fake_quantised(layer, x).square().sum().backward()
    rough = layer.weight.grad.clone()
    layer.zero_grad()
    layer(x).square().sum().backward()
    assert torch.allclose(rough, layer.weight.grad, rtol=0.1, atol=0.5)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_channel_without_weights_stays_zero(axis: int) -> None:
    weight = torch.randn(4, 4)
    weight.select(axis, 1).zero_()
    found = rounded_weight(weight, axis)
    assert torch.equal(found.select(axis, 1), torch.zeros(4)) and torch.isfinite(found).all()
