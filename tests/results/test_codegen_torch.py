"""A generated file and the network that nasea builds are one network."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from nasea.backends.torch.network.layers import Network, build_body
from nasea.cost import count

from .architectures import CATALOGUE, FIXED, IMAGE, Architecture, architectures, of_blocks


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    # On a busy machine, threads that wait for each other over a handful of pixels take seconds.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class _PostNet(nn.Module):
    """Passes on what it gets, nested."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, inputs: Any) -> dict[str, Any]:
        tapped = isinstance(inputs, list)
        return {"out": self.scale * (inputs[-1] if tapped else inputs), "taps": inputs}


def load(architecture: Architecture) -> types.ModuleType:
    """The generated file as a module, with a PreNet and a PostNet that need no file."""
    module = types.ModuleType("generated")
    module.__file__ = "model_arch_result_3.py"
    exec(compile(architecture.text(), module.__file__, "exec"), module.__dict__)
    module.__dict__["import_user_module"] = lambda: types.SimpleNamespace(
        PreNet=lambda: _pre_net(architecture), PostNet=_PostNet
    )
    return module


def _pre_net(architecture: Architecture) -> nn.Module:
    return nn.Conv2d(IMAGE[0], architecture.in_channels, 3, padding=1)


def _expect_same(architecture: Architecture) -> None:
    body = build_body(architecture.candidates)
    network = Network(_pre_net(architecture), body, _PostNet(), architecture.taps)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.2)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.abs_()

    model: Any = load(architecture).Model()
    assert list(model.state_dict()) == list(network.state_dict())
    assert repr(model.body) == repr(network.body)  # every option of every layer
    model.load_state_dict(network.state_dict())

    images = torch.randn(3, *IMAGE, generator=generator)
    for mode in (False, True):
        model.train(mode)
        network.train(mode)
        with torch.no_grad():
            torch.testing.assert_close(model(images), network(images), rtol=0, atol=0)
    # The second pass moved the running statistics, alike.
    torch.testing.assert_close(model.state_dict(), network.state_dict(), rtol=0, atol=0)

    counted = 0
    shape = architecture.in_shape
    for candidate in architecture.candidates:
        counted += count(candidate.program, shape).parameters
        shape = Architecture(shape[0], (candidate,)).out_shape
    assert sum(p.numel() for p in model.body.parameters()) == counted


@settings(deadline=None, max_examples=60)
@given(architectures())
def test_any_architecture(architecture: Architecture) -> None:
    _expect_same(architecture)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_block_of_the_catalogue(name: str, stride: int) -> None:
    if name == "skip":
        _expect_same(of_blocks([name], [8], [1]))
    else:
        _expect_same(of_blocks([name, name], [12, 12], [stride, 1], taps=(0,)))


def test_tapped_layers_reach_post_net() -> None:
    model = load(FIXED).Model()
    seen = model(torch.randn(2, *IMAGE))["taps"]
    assert [tuple(x.shape) for x in seen] == [(2, 12, 5, 4), (2, 16, 5, 4)]
