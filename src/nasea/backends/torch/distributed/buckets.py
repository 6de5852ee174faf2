"""Many tensors as a few flat ones, which are faster to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

BUCKET_BYTES = 25 * 1024**2
"""A bucket is full from this size on (what PyTorch's DistributedDataParallel takes)."""


def buckets(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Neighbours of one type and device together; the same for equal shapes on every rank."""
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
    """(n,): all values, in the order of their indices, whatever the layout in memory."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in bucket])


def unflatten(flat: torch.Tensor, bucket: Sequence[torch.Tensor]) -> None:
    """Put the values back into the tensors they came from."""
    parts = torch.split(flat, [tensor.numel() for tensor in bucket])
    with torch.no_grad():
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))
