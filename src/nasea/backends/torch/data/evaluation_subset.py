"""The validation images that a search measures on."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import torch

from nasea.backends.data.evaluation_subset import spread, stratified


def proxy_images(
    dataset: Any, images: int, wanted: int | None, half: int | None, by_class: bool, seed: int
) -> np.ndarray:
    """Indices of the proxy subset, or of either half of it, in order.

    Args:
        dataset: the validation data set; its labels are read where classes count.
        images: its length.
        wanted: size of the subset; ``None`` for all images.
        half: 0 or 1 for either half, ``None`` for both.
        by_class: whether every class should be as frequent as in all images (detection).
        seed: of the run.
    """
    if not by_class or wanted is None or wanted >= images:
        return spread(images, wanted, half)
    classes = [_classes(dataset[i][1]) for i in range(images)]
    if any(each is None for each in classes):
        return spread(images, wanted, half)
    chosen = stratified([each or frozenset() for each in classes], wanted, seed)
    return chosen if half is None else chosen[half::2]


def _classes(label: object) -> frozenset[Hashable] | None:
    """Classes in an image: of a dict with ``labels``, class numbers; ``None`` if it is no such."""
    if not isinstance(label, dict) or "labels" not in label:
        return None
    return frozenset(torch.as_tensor(label["labels"]).flatten().tolist())
