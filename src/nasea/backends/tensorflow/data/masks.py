"""Segmentation: elements may be dicts, and outputs may still have to be merged with the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.data.pairs import PairData
from nasea.backends.tensorflow.data.sources import Source
from nasea.backends.tensorflow.user.describe import describe
from nasea.errors import UserModuleError

MERGED = "merged_logits"
"""Key of class scores, (N, h, w, classes), in an output ``{name: {MERGED: x}}``."""

_KEYS = ("image", "label")


class MaskData(PairData):
    """See :class:`nasea.backends.tensorflow.data.datasets.Data`."""

    words = replace(
        PairData.words,
        pairs=(
            "pairs (images, labels) or dicts with image and label",
            "zip images and labels, tf.data.Dataset.from_tensor_slices((images, labels)), or map "
            "to {'image': image, 'label': label}",
        ),
    )

    def pair(self, element: Any) -> Any:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.pair`."""
        if isinstance(element, Mapping) and all(key in element for key in _KEYS):
            return tuple(element[key] for key in _KEYS)
        return element

    def as_metric_gets(self, labels: Any, outputs: Any) -> Any:
        """Return the output; for merged logits, the classes in the size of the labels, by name."""
        if not is_merged(outputs):
            return outputs
        size = self._resolution(labels)
        first = self.scenario.supernet.data_format == "channels_first"
        classes = {}
        for name, output in outputs.items():
            scores = tf.transpose(output[MERGED], (0, 2, 3, 1)) if first else output[MERGED]
            classes[name] = tf.argmax(tf.image.resize(scores, size, "bilinear"), -1)
        return classes

    def _resolution(self, labels: Any) -> tuple[int, int]:
        masks = masks_of(labels)
        if masks is None:
            raise UserModuleError(
                f"{self.user.file}: PostNet gives {MERGED}, which take the size of the labels, and "
                f"those are {describe(labels)}",
                fix="give labels (N, H, W) or (N, H, W, 1)",
            )
        return int(masks.shape[1]), int(masks.shape[2])

    def _arguments(self, is_training: bool, is_shuffle: bool) -> dict[str, bool]:
        return {"is_training": is_training, "is_shuffle": is_shuffle}

    def _open_statistics(self, draw: int, count: int) -> tuple[Source, int]:
        return self._open_unshuffled(draw, count)


def is_merged(outputs: Any) -> bool:
    """Return whether an output is ``{name: {"merged_logits": x}}``."""
    return (
        isinstance(outputs, Mapping)
        and bool(outputs)
        and all(isinstance(one, Mapping) and MERGED in one for one in outputs.values())
    )


def masks_of(labels: Any) -> Any:
    """Return the first tensor (N, H, W) or (N, H, W, 1) among labels; ``None`` if there is none."""
    found = [x for x in tf.nest.flatten(labels) if tf.is_tensor(x) and x.shape.rank in (3, 4)]
    return found[0] if found else None
