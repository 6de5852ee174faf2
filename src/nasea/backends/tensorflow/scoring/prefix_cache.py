"""Cached paths of TensorFlow.

See :mod:`nasea.backends.scoring.prefix_cache`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.scoring.prefix_cache import CachedPrefix, Digest
from nasea.backends.tensorflow.network.fake_quantisation import Ranges
from nasea.backends.tensorflow.network.subgraphs import Tensors
from nasea.backends.user.nesting import flatten
from nasea.space import Genome

Outputs = list[Any]
"""Outputs of PreNet and the first layers, in order; for one batch, or for a list of batches."""


@dataclass
class CalibratedPath:
    """A calibrated architecture, and the outputs of its first layers.

    Attributes:
        genome: the architecture.
        statistics: mean and variance of each normalisation, of each layer.
        pre_net: the state of PreNet with its statistics.
        estimated: outputs for the batches of statistics images, while statistics were estimated.
        observed: the same, while ranges for int8 were taken; empty in float.
        ranges: of the activations in PreNet, each layer and PostNet; empty in float.
        validation: (images, outputs) for each call of the network, in inference mode.
    """

    genome: Genome
    statistics: Sequence[Tensors]
    pre_net: list[Any]
    estimated: Outputs
    observed: Outputs = field(default_factory=list)
    ranges: list[Ranges] = field(default_factory=list)
    validation: list[tuple[Any, Outputs]] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """See :class:`nasea.backends.scoring.prefix_cache.ScoredPath`."""
        return len(self.estimated)


class Prefix(CachedPrefix[CalibratedPath]):
    """Statistics and outputs that an architecture shares with the cached path."""

    @property
    def estimated(self) -> Outputs:
        """Known outputs for the batches of statistics images."""
        return [] if self.path is None else self.path.estimated[: self.depth]

    @property
    def observed(self) -> Outputs:
        """The same, with statistics estimated."""
        return [] if self.path is None else self.path.observed[: self.depth]

    @property
    def ranges(self) -> list[Ranges]:
        """Known ranges of PreNet and the first layers."""
        return [] if self.path is None else self.path.ranges[: self.depth]

    @property
    def statistics(self) -> Sequence[Tensors]:
        """Known statistics of the first layers."""
        return [] if self.path is None else self.path.statistics[: self.depth - 1]

    def validation(self, number: int, images: Any) -> Outputs:
        """Known outputs for a call of the network, if it was for these images."""
        if self.path is None or number >= len(self.path.validation):
            return []
        before, outputs = self.path.validation[number]
        if before is None or (before.shape, before.dtype) != (images.shape, images.dtype):
            return []
        same = before is images or bool(tf.reduce_all(before == images))
        return outputs[: self.depth] if same else []


NO_PREFIX = Prefix()
"""No shared outputs."""


def add_outputs(digest: Digest, outputs: object) -> None:
    """Add the output of PostNet to a digest."""
    for name, tensor in flatten(outputs, tf.Tensor):
        values = np.ascontiguousarray(tensor.numpy()).tobytes()
        digest.add(name, f"{tensor.dtype.name} {tuple(tensor.shape)}", values)
