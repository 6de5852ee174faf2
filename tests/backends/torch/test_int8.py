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


class Transposing(nn.Module):
    """Computes its weight in each call, and transposes by an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight - self.weight.mean()
        return F.linear(F.linear(x, weight).mT, torch.eye(4) * 0.7)


def test_weights_that_a_module_computes_are_not_kept() -> None:
    torch.manual_seed(0)
    module, x = Transposing(), torch.randn(2, 4, 5)
    stage = stage_of(module, x)
    with torch.no_grad():
        for _ in range(3):
            found = stage(x)
    assert not stage._weights
    assert torch.allclose(found, module(x), atol=0.1) and not torch.equal(found, module(x))
    kept = stage_of(nn.Linear(5, 3), x)
    with torch.no_grad():
        kept(x), kept(x)
    assert len(kept._weights) == 1


def test_what_a_transposing_attribute_gives_is_still_an_activation() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 5)
    stage = stage_of(Transposing(), x)
    assert len(stage.ranges) == 3, "of the input, of the first product, of the second"


@pytest.mark.parametrize("last", [nn.Softmax(1), nn.Sigmoid()])
def test_training_can_take_the_logarithm_of_a_probability(last: nn.Module) -> None:
    layer = nn.Linear(2, 3)
    x = torch.tensor([[40.0, -40.0], [1.0, 2.0]])
    network = nn.Sequential(layer, last, nn.Flatten())
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0], [0.1, -0.1], [0.0, 0.0]]) / 2)
    found = fake_quantised(network, x)
    assert (found > 0).all()
    found.log().sum().backward()
    assert torch.isfinite(layer.weight.grad).all()
    scored = stage_of(nn.Sequential(layer, nn.Softmax(1)), x)(x)
    assert (scored == 0).any(), "a file has rounded probabilities"
