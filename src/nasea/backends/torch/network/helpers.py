"""Modules that PyTorch does not have; generated files carry them as they stand here."""

from __future__ import annotations

import torch
from torch import nn


class PointConv2d(nn.Conv2d):
    """A strided 1x1 convolution; in training it subsamples its input first.

    The gradient with a stride may crash with few channels (oneDNN, AVX-512).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        if not self.training:
            return super().forward(x)
        x = x[:, :, :: self.stride[0], :: self.stride[1]]
        return torch.conv2d(x, self.weight, self.bias, groups=self.groups)


class Sum(nn.Module):
    """The sum of branches that read the same input."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total


class Gate(nn.Module):
    """The input multiplied by a gate computed from it."""

    def __init__(self, gate: nn.Module) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x * self.gate(x)
