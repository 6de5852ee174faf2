"""Writes expansions of tensors as operators that every converter knows."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class MultipliedByOnes(TorchFunctionMode):
    """Replaces expansions of tensors by products with ones.

    Of an expansion, litert-torch 0.10 permutes the tensor from NCHW to NHWC and not the shape, so
    the file does not load; coremltools 9 does not know ``broadcast_to``.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a function of torch."""
        kwargs = kwargs or {}
        if func in _EXPANSIONS and not kwargs and args[0].is_floating_point():
            shape = _expanded_shape(func, *args)
            if shape is not None:
                # Of plain numbers: in a trace for Core ML, sizes are tensors.
                return args[0] * torch.ones([int(size) for size in shape], dtype=args[0].dtype)
        return func(*args, **kwargs)


_EXPANSIONS = {
    torch.Tensor.expand,
    torch.Tensor.expand_as,
    torch.Tensor.repeat,
    torch.Tensor.broadcast_to,
    torch.broadcast_to,
}


def _expanded_shape(func: Any, tensor: torch.Tensor, *given: Any) -> list[int] | None:
    """Return the shape that an expansion makes; ``None`` if it repeats more than single values."""
    sizes = list(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else [*given]
    if func is torch.Tensor.expand_as:
        sizes = list(given[0].shape)
    before = [1] * (len(sizes) - tensor.dim()) + list(tensor.shape)
    if func is torch.Tensor.repeat:
        if any(size != 1 and times != 1 for size, times in zip(before, sizes, strict=True)):
            return None
        return [size * times for size, times in zip(before, sizes, strict=True)]
    return [old if size == -1 else size for size, old in zip(sizes, before, strict=True)]
