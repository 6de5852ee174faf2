"""Programs as torch modules: the stand-alone network of one architecture.

Module names follow from the program alone: one operation is its module, several are an
``nn.Sequential``, none is an ``nn.Identity``. The code generator follows the same rule, so the
weights of a network built here load into its generated file by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from nasea.backends.user.nesting import copied
from nasea.space import Act, Add, Candidate, Conv, GlobalPool, Norm, Op, Pool, Program, Scale
from nasea.space.ops import NORM_EPS, NORM_MOMENTUM, overwrites_input
from nasea.space.slots import tensors

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "hsigmoid": nn.Hardsigmoid,
}


class Sum(nn.Module):
    """Sum of branches that read the same input."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        total: torch.Tensor = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total


class Gate(nn.Module):
    """``x * gate(x)``."""

    def __init__(self, gate: nn.Module) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        weights: torch.Tensor = self.gate(x)
        return x * weights


class Network(nn.Module):
    """PreNet, the layers of one architecture, PostNet.

    Args:
        pre_net: the user's module before the body.
        body: the layers.
        post_net: the user's module behind it.
        taps: layers whose outputs PostNet gets besides the last one.
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
        """(N, C, H, W) images -> whatever PostNet returns."""
        x = self.pre_net(images)
        tapped = []
        for index, layer in enumerate(self.body):
            x = layer(x)
            if index in self.taps:
                tapped.append(x)
        return copied(self.post_net([*tapped, x] if self.taps else x))


class PointConv2d(nn.Conv2d):
    """A convolution with a kernel of 1 and a stride, trained by picking what it reads.

    The gradient with the stride may crash in oneDNN (docs/decisions/0066).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        if not self.training:
            return super().forward(x)
        x = x[:, :, :: self.stride[0], :: self.stride[1]]
        return torch.conv2d(x, self.weight, self.bias, groups=self.groups)


class _BareConv2d(nn.Conv2d):
    """A convolution whose memory is about to be filled from elsewhere."""

    def reset_parameters(self) -> None:
        """Leave it as it is: drawing initial values takes longer than copying the real ones."""


def build_body(candidates: Sequence[Candidate], *, initialised: bool = True) -> nn.Sequential:
    """The layers of an architecture.

    Args:
        candidates: one a layer.
        initialised: whether the weights get initial values; otherwise they hold anything.
    """
    return nn.Sequential(
        *(build(candidate.program, initialised=initialised) for candidate in candidates)
    )


def build(program: Program, *, initialised: bool = True) -> nn.Module:
    """The module of a program; see :func:`build_body`."""
    modules = [
        _module(op, program[i - 1] if i else None, initialised) for i, op in enumerate(program)
    ]
    if len(modules) == 1:
        return modules[0]
    return nn.Sequential(*modules) if modules else nn.Identity()


def _module(op: Op, before: Op | None, initialised: bool) -> nn.Module:
    if isinstance(op, Conv):
        trained = PointConv2d if op.kernel == 1 and op.stride > 1 else nn.Conv2d
        conv = (trained if initialised else _BareConv2d)(
            op.c_in,
            op.c_out,
            op.kernel,
            stride=op.stride,
            padding=op.kernel // 2,
            groups=op.groups,
            bias=op.bias,
        )
        if initialised:
            initialise(conv.weight)
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
        return conv
    if isinstance(op, Norm):
        norm = nn.BatchNorm2d(op.channels, eps=NORM_EPS, momentum=NORM_MOMENTUM)
        if op.starts_at_zero:
            nn.init.zeros_(norm.weight)
        return norm
    if isinstance(op, Act):
        kind = ACTIVATIONS[op.kind]
        in_place = overwrites_input(before) and op.kind in ("relu", "relu6")
        return kind(inplace=True) if in_place else kind()
    if isinstance(op, Pool):
        return _pool(op)
    if isinstance(op, GlobalPool):
        return nn.AdaptiveAvgPool2d(1)
    if isinstance(op, Add):
        return Sum(*(build(branch, initialised=initialised) for branch in op.branches))
    assert isinstance(op, Scale)
    return Gate(build(op.gate, initialised=initialised))


def _pool(op: Pool) -> nn.Module:
    if op.kind == "max":
        return nn.MaxPool2d(op.kernel, op.stride, op.kernel // 2)
    return nn.AvgPool2d(op.kernel, op.stride, op.kernel // 2, count_include_pad=False)


def initialise(weight: torch.Tensor) -> None:
    """He-normal over fan-out, in place (the vocabulary's initial values)."""
    nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")


def learned_tensors(
    body: nn.Sequential, candidates: Sequence[Candidate]
) -> Iterator[tuple[str, torch.Tensor]]:
    """(slot, parameter) for every learned tensor of a body, in the order of its programs."""
    for layer, candidate in zip(body, candidates, strict=True):
        slots = [tensor.slot for tensor in tensors(candidate.program)]
        parameters = [
            parameter
            for module in layer.modules()
            for parameter in module.parameters(recurse=False)
        ]
        yield from zip(slots, parameters, strict=True)
