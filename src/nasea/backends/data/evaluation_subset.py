"""Which validation images stand for all of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np


def spread(images: int, wanted: int | None, half: int | None = None) -> np.ndarray:
    """Return indices spread evenly over ``images``, in order.

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
    """Return indices of images whose class frequencies are about those of all images, in order.

    Image by image, that one is taken which brings the classes of those taken closest to their
    share: by the sum of squared differences, each over what a random draw would have (its binomial
    variance). An image of several classes counts for each.

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
    # Images without objects are a class of their own: they are as much a part of the data.
    holds = np.zeros((total, len(names) + 1))
    for row, each in enumerate(classes):
        holds[row, [column[name] for name in each] or [len(names)]] = 1.0
    holds = holds[:, holds.any(axis=0)]
    order = np.random.default_rng(seed).permutation(total)
    shuffled = holds[order]
    share = holds.sum(axis=0) * wanted / total
    variance = np.maximum(share * (1 - share / wanted), share / wanted)
    missing = share.copy()
    free = np.ones(total, dtype=bool)
    for _ in range(wanted):
        # (m - h)^2 / v, with h 0 or 1, falls by h (2 m - 1) / v.
        gain = np.where(free, shuffled @ ((2 * missing - 1) / variance), -np.inf)
        best = int(gain.argmax())
        free[best] = False
        missing -= shuffled[best]
    # What was taken first was taken in ignorance of the rest: each is exchanged once if that helps.
    for place in np.flatnonzero(~free):
        without = missing + shuffled[place]
        fall = np.where(free, shuffled @ ((2 * without - 1) / variance), -np.inf)
        best = int(fall.argmax())
        if fall[best] > shuffled[place] @ ((2 * without - 1) / variance):
            free[place], free[best] = True, False
            missing = without - shuffled[best]
    return np.sort(order[~free])
