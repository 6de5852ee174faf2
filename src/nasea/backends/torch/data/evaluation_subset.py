"""Chooses the validation images that a search evaluates on."""

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
        items: the validation images; labels are read if ``by_class`` is set.
        wanted: size of the subset; ``None`` for all images.
        by_class: whether to keep the class frequencies of all images (detection).
        seed: seed of the run.
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
    """Return the class numbers in an image's ``labels``, of a dict; ``None`` for other targets."""
    if not isinstance(label, dict) or "labels" not in label:
        return None
    return frozenset(torch.as_tensor(label["labels"]).flatten().tolist())
