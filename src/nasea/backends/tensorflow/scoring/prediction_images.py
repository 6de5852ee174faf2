"""Validation images with what a network finds in them, for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.scoring.prediction_images import Picture, of_masks, read_pictures
from nasea.backends.tensorflow.data.masks import MERGED, is_merged, masks_of
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.user.nesting import flatten


def take_pictures(
    user: UserCode,
    batches: Iterable[Any],
    run: Callable[[Any], Any],
    count: int,
    masks: bool,
    layout: DataFormat,
) -> tuple[Picture, ...]:
    """Pictures of the first ``count`` images, drawn by the user's module or as masks.

    Args:
        user: the user's code.
        batches: (images, what comes with them).
        run: images -> outputs.
        count: how many images.
        masks: whether labels are class numbers of every pixel.
        layout: of images and outputs.
    """
    taken: tuple[Picture, ...] = ()
    for images, labels in batches:
        outputs = run(images)
        if user.draws_pictures:
            returned = user.pictures(images, labels, outputs)
            taken += read_pictures(returned, user.class_names, count - len(taken))
        elif masks:
            drawn = _masks(images, labels, outputs, layout, user.class_names)
            taken += drawn[: count - len(taken)]
        if len(taken) >= count or not taken:
            break
    return taken


def _masks(
    images: Any, labels: Any, outputs: Any, layout: DataFormat, class_names: object
) -> tuple[Picture, ...]:
    """Pictures of masks; none where labels or outputs are of another form."""
    truth = masks_of(labels)
    tensors = [images, *_four_axes(outputs)]
    if layout == "channels_first":
        tensors = [tf.transpose(tensor, (0, 2, 3, 1)) for tensor in tensors]
    pixels, *scores = (np.asarray(tensor) for tensor in tensors)
    several = [array for array in scores if array.shape[-1] > 1]
    if truth is None or not several:
        return ()
    masks = np.asarray(truth).astype(np.int64)
    masks = masks[..., 0] if masks.ndim == 4 else masks
    return of_masks(list(pixels), list(masks), list(several[0]), class_names)


def _four_axes(outputs: Any) -> list[Any]:
    """The tensors of an output that may be scores of classes for every pixel."""
    if is_merged(outputs):
        return [next(iter(outputs.values()))[MERGED]]
    inner = outputs["out"] if isinstance(outputs, dict) and "out" in outputs else outputs
    return [tensor for _, tensor in flatten(inner, tf.Tensor) if tensor.shape.rank == 4]
