"""The validation images that a search measures on."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import torch

from nasea.backends.data.evaluation_subset import spread, stratified
from nasea.backends.torch.data.cached_items import CachedItems


def subset_images(items: CachedItems, wanted: int | None, by_class: bool, seed: int) -> np.ndarray:
    """Return indices of the evaluation subset, in order.

    Args:
        items: the validation images; their labels are read where classes count.
        wanted: size of the subset; ``None`` for all images.
        by_class: whether every class should be as frequent as in all images (detection).
        seed: of the run.
    """
    images = len(items)
    if not by_class or wanted is None or wanted >= images:
        return spread(images, wanted)
    classes = items.each(range(images), _classes_of_item)
    if any(each is None for each in classes):
        return spread(images, wanted)
    return stratified([each or frozenset() for each in classes], wanted, seed)


def _classes_of_item(item: Any) -> frozenset[Hashable] | None:
    return _classes(item[1])


def _classes(label: object) -> frozenset[Hashable] | None:
    """Classes in an image: of a dict with ``labels``, class numbers; ``None`` if it is no such."""
    if not isinstance(label, dict) or "labels" not in label:
        return None
    return frozenset(torch.as_tensor(label["labels"]).flatten().tolist())
