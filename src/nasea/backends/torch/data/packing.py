"""Packs tensors in values; see :mod:`nasea.backends.data.packing`."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import torch


class TensorPickler(pickle.Pickler):
    """A pickler that stores plain tensors out of band, as NumPy stores arrays."""

    def reducer_override(self, value: Any) -> Any:
        """Return how to rebuild a plain tensor; anything else is pickled as usual."""
        plain = type(value) is torch.Tensor and value.layout is torch.strided
        if not plain or value.requires_grad or value.is_quantized or not value.numel():
            return NotImplemented
        if value.device.type != "cpu":
            raise pickle.PicklingError(f"a tensor lies on {value.device}")
        # Keep the strides, so that batches of such tensors have the same memory layout.
        order = sorted(range(value.dim()), key=value.stride, reverse=True)
        laid = value.resolve_conj().resolve_neg().permute(order).contiguous()
        memory: Any = laid.reshape(-1).view(torch.uint8).numpy()
        return _tensor, (pickle.PickleBuffer(memory), value.dtype, tuple(laid.shape), order)


def _tensor(
    buffer: Any, dtype: torch.dtype, shape: Sequence[int], order: Sequence[int]
) -> torch.Tensor:
    laid = torch.frombuffer(buffer, dtype=dtype).reshape(shape)
    inverse = [order.index(axis) for axis in range(len(order))]
    return laid.permute(inverse)
