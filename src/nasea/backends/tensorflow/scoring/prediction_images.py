"""Validation images with what a network finds in them, for the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.scoring.prediction_images import PredictionImage, of_masks
from nasea.backends.tensorflow.data.masks import MERGED, is_merged, masks_of
from nasea.backends.user.nesting import flatten


def masks(
    images: Any, labels: Any, outputs: Any, layout: DataFormat, class_names: object
) -> tuple[PredictionImage, ...]:
    """Draw masks; return none if labels or outputs have another form.

    Args:
        images: in ``layout``.
        labels: what comes with them.
        outputs: of the network.
        layout: of images and outputs.
        class_names: of the user's module.
    """
    truth = masks_of(labels)
    tensors = [images, *_four_axes(outputs)]
    if layout == "channels_first":
        tensors = [tf.transpose(tensor, (0, 2, 3, 1)) for tensor in tensors]
    pixels, *scores = (np.asarray(tensor) for tensor in tensors)
    several = [array for array in scores if array.shape[-1] > 1]
    if truth is None or not several:
        return ()
    numbers = np.asarray(truth).astype(np.int64)
    numbers = numbers[..., 0] if numbers.ndim == 4 else numbers
    return of_masks(list(pixels), list(numbers), list(several[0]), class_names)


def _four_axes(outputs: Any) -> list[Any]:
    """Return the tensors of an output that may be scores of classes for every pixel."""
    if is_merged(outputs):
        return [next(iter(outputs.values()))[MERGED]]
    inner = outputs["out"] if isinstance(outputs, dict) and "out" in outputs else outputs
    return [tensor for _, tensor in flatten(inner, tf.Tensor) if tensor.shape.rank == 4]
