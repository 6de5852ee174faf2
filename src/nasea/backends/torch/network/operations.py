"""The operations in PyTorch, on (N, C, H, W).

Each is described by its modules, and by the function of the weights by slot that a supernet runs.
Module names depend on the program only, so the weights of a network load into its generated file.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from nasea.backends.network.operations import LayerCall, Operations, non_default
from nasea.backends.torch.network.helpers import Gate, PointConv2d, Sum
from nasea.space import Act, Add, Conv, GlobalPool, Norm, Pool, Scale
from nasea.space.ops import NORM_EPS, NORM_MOMENTUM

Weights = dict[str, torch.Tensor]

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "hsigmoid": nn.Hardsigmoid,
}


def _nn(kind: type[nn.Module], *arguments: Any, **options: Any) -> LayerCall:
    return LayerCall(kind, arguments, options, "nn")


OPERATIONS = Operations("PyTorch", lambda calls: _nn(nn.Sequential, *calls), _nn(nn.Identity))


def _conv_layers(op: Conv, fresh: bool) -> list[LayerCall]:
    options = non_default(
        stride=(op.stride, 1),
        padding=(op.kernel // 2, 0),
        groups=(op.groups, 1),
        bias=(op.bias, True),
    )
    sizes = (op.c_in, op.c_out, op.kernel)
    if op.kernel == 1 and op.stride > 1:
        return [LayerCall(PointConv2d, sizes, options)]
    return [_nn(nn.Conv2d, *sizes, **options)]


def _conv(op: Conv, x: torch.Tensor, weights: Weights) -> torch.Tensor:
    bias = weights[f"{op.slot}/bias"] if op.bias else None
    stride = op.stride
    if stride > 1 and op.kernel == 1 and torch.is_grad_enabled():
        # Subsampled first, then convolved with stride 1: otherwise the gradient of the weights
        # writes out of bounds in oneDNN (docs/decisions/0066).
        x, stride = x[:, :, ::stride, ::stride], 1
    return F.conv2d(x, weights[f"{op.slot}/weight"], bias, stride, op.kernel // 2, 1, op.groups)


def _norm_layers(op: Norm, fresh: bool) -> list[LayerCall]:
    options = non_default(eps=(NORM_EPS, 1e-5), momentum=(NORM_MOMENTUM, 0.1))
    return [_nn(nn.BatchNorm2d, op.channels, **options)]


def _norm(op: Norm, x: torch.Tensor, weights: Weights) -> torch.Tensor:
    # A supernet has no running statistics: they would be a mixture over all paths.
    scale, shift = weights[f"{op.slot}/scale"], weights[f"{op.slot}/shift"]
    return F.batch_norm(x, None, None, scale, shift, training=True, eps=NORM_EPS)


def _act_layers(op: Act, fresh: bool) -> list[LayerCall]:
    in_place = fresh and op.kind in ("relu", "relu6")
    return [_nn(_ACTIVATIONS[op.kind], **non_default(inplace=(in_place, False)))]


def _pool_layers(op: Pool, fresh: bool) -> list[LayerCall]:
    options = {"stride": op.stride, **non_default(padding=(op.kernel // 2, 0))}
    if op.kind == "max":
        return [_nn(nn.MaxPool2d, op.kernel, **options)]
    return [_nn(nn.AvgPool2d, op.kernel, **options, count_include_pad=False)]


def _global_pool_layers(op: GlobalPool, fresh: bool) -> list[LayerCall]:
    return [_nn(nn.AdaptiveAvgPool2d, 1)]


def _add_layers(op: Add, fresh: bool) -> list[LayerCall]:
    return [LayerCall(Sum, tuple(map(OPERATIONS.describe, op.branches)))]


def _add(op: Add, x: torch.Tensor, weights: Weights) -> torch.Tensor:
    total: torch.Tensor = OPERATIONS.run(op.branches[0], x, weights)
    for branch in op.branches[1:]:
        total = total + OPERATIONS.run(branch, x, weights)
    return total


def _scale_layers(op: Scale, fresh: bool) -> list[LayerCall]:
    return [LayerCall(Gate, (OPERATIONS.describe(op.gate),))]


def _scale(op: Scale, x: torch.Tensor, weights: Weights) -> torch.Tensor:
    gate: torch.Tensor = OPERATIONS.run(op.gate, x, weights)
    return x * gate


OPERATIONS.add(Conv, _conv_layers, _conv)
OPERATIONS.add(Norm, _norm_layers, _norm)
OPERATIONS.add(Act, _act_layers)
OPERATIONS.add(Pool, _pool_layers)
OPERATIONS.add(GlobalPool, _global_pool_layers)
OPERATIONS.add(Add, _add_layers, _add)
OPERATIONS.add(Scale, _scale_layers, _scale)
