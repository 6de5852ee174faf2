"""The stand-alone network of one architecture, with PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from nasea.backends.torch.network.helpers import PointConv2d
from nasea.backends.torch.network.operations import OPERATIONS
from nasea.backends.user.nesting import copied
from nasea.space import Candidate, Program, Tensor, tensors


class Network(nn.Module):
    """PreNet, the layers of one architecture, PostNet.

    Args:
        pre_net: the user's module before the body.
        body: the layers.
        post_net: the user's module after the body.
        taps: indices of layers whose outputs PostNet reads in addition to the last one.
    """

    def __init__(
        self, pre_net: nn.Module, body: nn.Sequential, post_net: nn.Module, taps: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.pre_net = pre_net
        self.body = body
        self.post_net = post_net
        self.taps = tuple(taps)

    def forward(self, images: torch.Tensor) -> object:
        """Return (N, C, H, W) images -> whatever PostNet returns."""
        x = self.pre_net(images)
        tapped = []
        for index, layer in enumerate(self.body):
            x = layer(x)
            if index in self.taps:
                tapped.append(x)
        return copied(self.post_net([*tapped, x] if self.taps else x))


class _BareConv2d(nn.Conv2d):
    """A convolution that leaves its weights uninitialised, since they will be overwritten."""

    def reset_parameters(self) -> None:
        """Do nothing: drawing initial values takes longer than copying the real ones."""


def build_body(candidates: Sequence[Candidate], *, initialised: bool = True) -> nn.Sequential:
    """Build the layers of an architecture.

    Args:
        candidates: one for each layer.
        initialised: whether to initialise the weights; otherwise their values are arbitrary.
    """
    built = (build(candidate.program, initialised=initialised) for candidate in candidates)
    return nn.Sequential(*built)


def build(program: Program, *, initialised: bool = True) -> nn.Module:
    """Build the module of a program; see :func:`build_body`."""
    bare = {nn.Conv2d: _BareConv2d, PointConv2d: _BareConv2d}
    module: nn.Module = OPERATIONS.describe(program).build({} if initialised else bare)
    if initialised:
        for tensor, parameter in _learned(module, program):
            initialise(parameter, tensor)
    return module


def initialise(values: torch.Tensor, tensor: Tensor) -> None:
    """Initialise a tensor in place: weights He-normal over fan-out, scales 1, all others 0."""
    if tensor.kind == "weight":
        nn.init.kaiming_normal_(values, mode="fan_out", nonlinearity="relu")
    else:
        nn.init.constant_(values, 1.0 if tensor.kind == "scale" else 0.0)


def learned_tensors(
    body: nn.Sequential, candidates: Sequence[Candidate]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield (slot, parameter) for every learned tensor of a body, in the order of its programs."""
    for layer, candidate in zip(body, candidates, strict=True):
        for tensor, parameter in _learned(layer, candidate.program):
            yield tensor.slot, parameter


def _learned(module: nn.Module, program: Program) -> Iterator[tuple[Tensor, nn.Parameter]]:
    # parameters() yields a module's own parameters before those of its submodules.
    return zip(tensors(program), module.parameters(), strict=True)
