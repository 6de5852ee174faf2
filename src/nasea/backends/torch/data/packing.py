"""Tensors in packed values; see :mod:`nasea.backends.data.packing`."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import torch


class TensorPickler(pickle.Pickler):
    """Gives the memory of plain tensors out of band, as NumPy does with that of arrays."""

    def reducer_override(self, value: Any) -> Any:
        """Return how a plain tensor is made again; all else is pickled as usual."""
        plain = type(value) is torch.Tensor and value.layout is torch.strided
        if not plain or value.requires_grad or value.is_quantized or not value.numel():
            return NotImplemented
        if value.device.type != "cpu":
            raise pickle.PicklingError(f"a tensor lies on {value.device}")
        # Laid out as it was, so that a batch of such tensors is laid out as it would have been.
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
