"""Describes tensors for messages."""

from __future__ import annotations

import torch


def describe(value: object) -> str:
    """Describe nested tensors: types, shapes and, for integers, the range of values.

    It never fails: anything it cannot inspect is described by its type.
    """
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {_shape(value)}{_range(value)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {describe(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(describe(item) for item in value) + "]"
    return type(value).__name__


def _shape(tensor: torch.Tensor) -> str:
    try:
        return str(tuple(tensor.shape))
    except RuntimeError:  # a nested tensor has no single shape
        return f"of {tensor.dim()} axes"


def _range(tensor: torch.Tensor) -> str:
    if tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized:
        return ""
    try:
        values = tensor.detach().cpu().numpy()  # PyTorch itself has no minimum of uint16
        return f" with values {int(values.min())} to {int(values.max())}" if values.size else ""
    except (RuntimeError, TypeError, ValueError):  # a sparse, nested or meta tensor
        return ""
