"""Tensors in words, for messages."""

from __future__ import annotations

import torch


def describe(value: object) -> str:
    """A nesting of tensors in short: types, shapes and, for whole numbers, the range."""
    if isinstance(value, torch.Tensor):
        text = f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
        whole = not value.is_floating_point() and not value.is_complex()
        if whole and value.numel():
            text += f" with values {int(value.min())} to {int(value.max())}"
        return text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {describe(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(describe(item) for item in value) + "]"
    return type(value).__name__
