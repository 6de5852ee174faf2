"""Finds the function that collates items of a data set into batches, even inside a wrapper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.utils.data import ConcatDataset, Dataset, Subset

Collate = Callable[[list[Any]], Any]


def collate_of(dataset: Dataset[Any]) -> Collate | None:
    """Return the ``collate_fn`` of a data set, or of the one in a Subset or ConcatDataset."""
    own: Collate | None = getattr(dataset, "collate_fn", None)
    if own is not None:
        return own
    if isinstance(dataset, Subset):
        return collate_of(dataset.dataset)
    if isinstance(dataset, ConcatDataset):
        found = [collate_of(each) for each in dataset.datasets]
        return found[0] if all(each is not None for each in found) else None
    return None


def hidden_collate(dataset: Dataset[Any]) -> str:
    """Return advice if a wrapper of the user hides a ``collate_fn``; otherwise an empty string."""
    if collate_of(dataset) is not None:
        return ""
    inner: Any = dataset
    while isinstance(inner := getattr(inner, "dataset", None), Dataset):
        if collate_of(inner) is not None:
            return (
                f"; {type(inner).__name__}.collate_fn is hidden by {type(dataset).__name__}: give "
                "that collate_fn = dataset.collate_fn"
            )
    return ""
