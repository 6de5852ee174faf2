"""Which validation images stand for all of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np


def spread(images: int, wanted: int | None, half: int | None = None) -> np.ndarray:
    """Indices spread evenly over ``images``, in order.

    Args:
        images: how many there are.
        wanted: how many to take; ``None`` for all.
        half: 0 or 1 for either half of those, ``None`` for both.
    """
    chosen = np.arange(images)
    if wanted is not None and wanted < images:
        chosen = np.linspace(0, images - 1, wanted).round().astype(int)
    return chosen if half is None else chosen[half::2]


def stratified(classes: Sequence[Collection[Hashable]], wanted: int, seed: int) -> np.ndarray:
    """Indices of images in which every class is about as frequent as in all of them, in order.

    Image by image, that one is taken which brings the class that lags most behind its share; images
    of several classes count for each. (Iterative stratification: Sechidis, Tsoumakas and Vlahavas,
    *On the stratification of multi-label data*, ECML PKDD 2011, section 3.)

    Args:
        classes: of each image the classes that occur in it, maybe none.
        wanted: how many images to take, at most all.
        seed: ties are broken at random.
    """
    total = len(classes)
    if wanted >= total:
        return np.arange(total)
    names = sorted({name for each in classes for name in each}, key=repr)
    column = {name: i for i, name in enumerate(names)}
    # An image without objects is of a class of its own: they are as much a part of the data.
    holds = np.zeros((total, len(names) + 1))
    for row, each in enumerate(classes):
        holds[row, [column[name] for name in each] or [len(names)]] = 1.0
    missing = holds.sum(axis=0) * wanted / total
    order = np.random.default_rng(seed).permutation(total)
    left = list(order)
    chosen: list[int] = []
    for _ in range(wanted):
        available = holds[left].sum(axis=0)
        # The rarest first: what is frequent comes along with it.
        open_ = (missing > 0) & (available > 0)
        if open_.any():
            pressed = np.flatnonzero(open_)
            rarest = pressed[np.argmin(available[pressed])]
            candidates = [i for i in left if holds[i, rarest]]
        else:
            candidates = left
        gain = [float((holds[i] * missing).sum()) for i in candidates]
        best = candidates[int(np.argmax(gain))]
        chosen.append(int(best))
        left.remove(best)
        missing -= holds[best]
    return np.sort(np.asarray(chosen))
