"""Compares training and validation data: shared images, labels that are never trained.

A random split that is drawn twice, or a wrong path, puts validation images among the training
images; every score is then too good, and nothing fails. Images are compared by their content, as
the data sets give them, so one that training augments is not recognised.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from nasea.errors import Notice

LOOKED_AT = 2048
"""Validation images that are compared."""

_SURE = 12.0
"""A label is called missing where chance would leave it out with probability exp(-12) at most."""

_NATURAL = 0.01
"""So many of the validation images may have a twin among the training images by nature."""

_MAX_SHOWN = 8
_ONE_HOT = 2
_PIXELS = 64


class Sample:
    """What was seen of a data set.

    Attributes:
        images: how many.
        digests: of their contents, but for images of one colour.
        labels: of each image the class numbers; ``None`` where labels are something else.
    """

    def __init__(self) -> None:
        self.images = 0
        self.digests: list[bytes] = []
        self.labels: list[frozenset[int]] | None = []

    def add(self, images: Any, labels: Any) -> None:
        """Take in a batch.

        Args:
            images: array (N, …).
            labels: array (N,), (N, classes) of zeros and ones, or (N, H, W) of class numbers; a
                list of dicts with ``labels``; anything else is passed over.
        """
        self.images += len(images)
        for image in images:
            plain = np.ascontiguousarray(image)
            if plain.size and plain.min() != plain.max():
                self.digests.append(hashlib.blake2b(plain.tobytes(), digest_size=16).digest())
        try:
            found = classes_of(labels, len(images))
        except (TypeError, ValueError):  # labels of another kind than any of these
            found = None
        if found is None or self.labels is None:
            self.labels = None
        else:
            self.labels += found


def classes_of(labels: Any, images: int) -> list[frozenset[int]] | None:
    """Return the class numbers of each image of a batch; ``None`` for labels of another form."""
    if isinstance(labels, list | tuple):
        dicts = len(labels) == images and all(isinstance(x, dict) for x in labels)
        if not dicts or not all("labels" in each for each in labels):
            return None
        return [frozenset(np.asarray(each["labels"]).reshape(-1).tolist()) for each in labels]
    if not isinstance(labels, np.ndarray) or labels.ndim == 0 or len(labels) != images:
        return None
    if labels.ndim == _ONE_HOT and labels.shape[1] > 1:
        if not np.isin(labels, (0, 1)).all() or not (labels.sum(1) == 1).all():
            return None
        labels = labels.argmax(1)
    if not np.issubdtype(labels.dtype, np.integer):
        return None
    return [frozenset(np.unique(_thinned(each)).tolist()) for each in labels]


def _thinned(mask: np.ndarray) -> np.ndarray:
    """Return some of a mask's pixels, enough to show its classes; sorting all would be slow."""
    steps = [max(1, size // _PIXELS) for size in mask.shape]
    thinned: np.ndarray = mask[tuple(slice(None, None, step) for step in steps)]
    return thinned


def overlap_notices(train: Sample, val: Sample, train_images: int) -> list[Notice]:
    """Return notices about what the two have in common, and lack.

    Args:
        train: training images that were looked at.
        val: validation images that were looked at.
        train_images: how many training images there are.
    """
    return [*_shared(train, val, train_images), *_never_trained(train, val)]


def _shared(train: Sample, val: Sample, train_images: int) -> Iterable[Notice]:
    known = set(train.digests)
    found = sum(digest in known for digest in val.digests)
    if not found or not val.images:
        return
    likely = min(1.0, found / val.images * train_images / max(1, train.images))
    if found < 2 or likely < _NATURAL:
        return
    among = "" if train.images >= train_images else f" (of {train.images:,} looked at)"
    yield Notice(
        "dataset.val_dir",
        f"of {val.images:,} validation images at least {found:,} are training images too{among}, "
        "those not counted that training augments: scores "
        "will be better than on new images; where one data set is split at random, draw the split "
        "from a generator with a seed, so that both calls draw the same",
    )


def _never_trained(train: Sample, val: Sample) -> Iterable[Notice]:
    if not train.labels or not val.labels or not _mixed(train.labels):
        return
    known = frozenset().union(*train.labels)
    counts = Counter(label for each in val.labels for label in each)
    missing = [
        label
        for label, count in sorted(counts.items())
        if label not in known and count / len(val.labels) * len(train.labels) >= _SURE
    ]
    if missing:
        shown = ", ".join(map(str, missing[:_MAX_SHOWN])) + (
            " …" if len(missing) > _MAX_SHOWN else ""
        )
        yield Notice(
            "dataset.val_dir",
            f"validation images have labels {shown}, which none of {train.images:,} training "
            "images has: what was never trained cannot be found; look at how labels are numbered",
        )


def _mixed(labels: list[frozenset[int]]) -> bool:
    """Return whether images come in no order of their classes, so that some stand for all."""
    half = len(labels) // 2
    counts = Counter(label for each in labels for label in each)
    first, second = (frozenset().union(*part) for part in (labels[:half], labels[half:]))
    usual = {label for label, count in counts.items() if count >= _SURE}
    return len(usual) > 1 and usual <= first & second
