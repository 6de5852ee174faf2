"""Validation images with what a network finds in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.nesting import flatten
from nasea.backends.pictures import Picture, of_masks, read_pictures
from nasea.backends.tensorflow.data_masks import MERGED, is_merged, masks_of
from nasea.backends.tensorflow.user import UserCode
from nasea.config import Scenario


def drawn(
    user: UserCode,
    scenario: Scenario,
    answers: Iterator[tuple[Any, Any, Any]],
    count: int,
) -> tuple[Picture, ...]:
    """See :meth:`nasea.backends.base.Backend.pictures`.

    Args:
        user: may draw by itself.
        scenario: its task and layout.
        answers: (images, labels, outputs), a batch at a time.
        count: how many pictures are wanted.
    """
    found: list[Picture] = []
    for images, labels, outputs in answers:
        wanted = count - len(found)
        own = user.pictures(images, labels, outputs)
        if own is not None:
            found += read_pictures(own, user.class_names, wanted)
        elif scenario.task == "segmentation":
            first = scenario.supernet.data_format == "channels_first"
            found += _masks(images[:wanted], labels, outputs, first)
        if own is None and not found:
            return ()
        if len(found) >= count:
            break
    return tuple(found)


def _masks(images: Any, labels: Any, outputs: Any, channels_first: bool) -> tuple[Picture, ...]:
    """Pictures of a batch; none where labels or output are not masks and scores of classes."""
    truth, scores = masks_of(labels), _scores(outputs)
    if truth is None or scores is None:
        return ()
    pixels, wide = images.numpy(), scores.numpy()
    if channels_first:
        pixels, wide = (np.moveaxis(array, 1, -1) for array in (pixels, wide))
    if wide.shape[-1] < 2:
        return ()
    count = len(pixels)
    masks = truth.numpy()[:count]
    return of_masks(pixels, masks[..., 0] if masks.ndim == 4 else masks, wide[:count])


def _scores(outputs: Any) -> Any:
    """The tensor of a nested output that scores the classes of every pixel, or ``None``."""
    if is_merged(outputs):
        return next(iter(outputs.values()))[MERGED]
    inner = outputs["out"] if isinstance(outputs, dict) and "out" in outputs else outputs
    tensors = [x for _, x in flatten(inner, tf.Tensor) if x.shape.rank == 4 and x.dtype.is_floating]
    return tensors[0] if tensors else None
