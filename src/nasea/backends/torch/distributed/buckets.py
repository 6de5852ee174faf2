"""Packs many tensors into a few flat ones, which are faster to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

BUCKET_BYTES = 25 * 1024**2
"""Size from which a bucket is full (the default of PyTorch's DistributedDataParallel)."""


def buckets(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Group consecutive tensors of one type and device; depends on their shapes only."""
    bucket: list[torch.Tensor] = []
    size = 0
    for tensor in tensors:
        other = bool(bucket) and (
            (tensor.dtype, tensor.device) != (bucket[0].dtype, bucket[0].device)
        )
        if bucket and (other or size >= BUCKET_BYTES):
            yield bucket
            bucket, size = [], 0
        bucket.append(tensor)
        size += tensor.numel() * tensor.element_size()
    if bucket:
        yield bucket


def flatten(bucket: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return all values as (n,), in index order, independent of the memory layout."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in bucket])


def unflatten(flat: torch.Tensor, bucket: Sequence[torch.Tensor]) -> None:
    """Copy the values of :func:`flatten` back into the tensors, in place."""
    parts = torch.split(flat, [tensor.numel() for tensor in bucket])
    with torch.no_grad():
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))
