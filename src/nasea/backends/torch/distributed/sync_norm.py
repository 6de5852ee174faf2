"""Batch normalisation over the batches of all ranks, on CPUs and GPUs.

All batch normalisation in torch, in the supernet and in the user's PreNet and PostNet, goes through
``torch.nn.functional.batch_norm``; inside :class:`SyncNorm` calls in training mode are computed
here. So no module is replaced, and what is saved and exported stays the same.
``torch.nn.SyncBatchNorm`` does this with CUDA only.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from nasea.backends.torch.distributed.ranks import TorchRanks

_SIGNATURE = inspect.signature(F.batch_norm)


class SyncNorm(TorchFunctionMode):
    """While active, batch normalisation in training mode uses the statistics of all ranks.

    Args:
        ranks: the ranks; all must enter it and run the same network.
    """

    def __init__(self, ranks: TorchRanks) -> None:
        super().__init__()
        self.ranks = ranks

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Compute batch normalisation in training mode; pass every other function through."""
        if func is F.batch_norm:
            call = _SIGNATURE.bind(*args, **(kwargs or {}))
            call.apply_defaults()
            if call.arguments["training"]:
                return _batch_norm(self.ranks, **call.arguments)
        return func(*args, **(kwargs or {}))


def _batch_norm(
    ranks: TorchRanks,
    input: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> torch.Tensor:
    """Compute ``torch.nn.functional.batch_norm`` of (N, C, …), N counting all ranks."""
    normal, mean, variance, count = _normalise(input, eps, ranks)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            unbiased = variance * (count / (count - 1).clamp(min=1))
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_(unbiased.to(running_var.dtype), momentum)
    shape = [1, -1, *[1] * (input.dim() - 2)]
    if weight is not None:
        normal = normal * weight.view(shape)
    if bias is not None:
        normal = normal + bias.view(shape)
    result: torch.Tensor = normal.to(input.dtype)
    return result


def _normalise(x: torch.Tensor, eps: float, ranks: TorchRanks) -> tuple[torch.Tensor, ...]:
    found: tuple[torch.Tensor, ...] = _Normalise.apply(x, eps, ranks)  # type: ignore[no-untyped-call]
    return found


class _Normalise(torch.autograd.Function):
    """(x − mean) / sqrt(variance + eps), per channel, over all ranks."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, eps: float, ranks: TorchRanks
    ) -> tuple[torch.Tensor, ...]:
        """Return normalised (N, C, …), mean (C,), variance (C,), values per channel (1,)."""
        values = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        axes = [0, *range(2, x.dim())]
        count = values.numel() // values.shape[1]
        variance, mean = torch.var_mean(values, axes, correction=0)
        # Combined from the variances around each rank's own mean, which is numerically stable
        # (Chan, Golub and LeVeque 1983).
        rows = ranks.gather(torch.cat([mean, variance, mean.new_tensor([float(count)])]))
        channels = values.shape[1]
        means, variances, counts = rows[:, :channels], rows[:, channels:-1], rows[:, -1:]
        total = counts.sum()
        mean = (means * counts).sum(0) / total
        variance = ((variances + (means - mean) ** 2) * counts).sum(0) / total
        shape = [1, -1, *[1] * (x.dim() - 2)]
        inverse = torch.rsqrt(variance + eps)
        normal = (values - mean.view(shape)) * inverse.view(shape)
        ctx.save_for_backward(normal, inverse, total)
        ctx.ranks, ctx.axes, ctx.shape, ctx.dtype = ranks, axes, shape, x.dtype
        ctx.mark_non_differentiable(mean, variance, total)
        return normal, mean, variance, total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor, *unused: Any) -> tuple[torch.Tensor, None, None]:
        """Return the gradient for ``x``; the part through the statistics is summed over ranks."""
        normal, inverse, total = ctx.saved_tensors
        channels = normal.shape[1]
        sums = torch.cat([gradient.sum(ctx.axes), (gradient * normal).sum(ctx.axes)])
        sums = ctx.ranks.sum_over_ranks(sums) / total
        first, second = sums[:channels].view(ctx.shape), sums[channels:].view(ctx.shape)
        by_x = (gradient - first - normal * second) * inverse.view(ctx.shape)
        return by_x.to(ctx.dtype), None, None
