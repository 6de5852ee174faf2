"""The stand-alone Keras network of one architecture, with its share of the supernet's weights."""

from __future__ import annotations

from typing import Any

from nasea.backends.base import DataFormat
from nasea.backends.tensorflow.layers import (
    Network,
    build_body,
    from_slot,
    learned_tensors,
)
from nasea.backends.tensorflow.layers import (
    statistics as statistics_of,
)
from nasea.backends.tensorflow.operations import slot_layout
from nasea.backends.tensorflow.supernet import Statistics, Supernet
from nasea.space import Genome
from nasea.space.slots import part, tensors


def assemble(
    supernet: Supernet,
    genome: Genome,
    found: Statistics,
    ends: tuple[Any, Any],
    data_format: DataFormat,
) -> Network:
    """The network of an architecture.

    Args:
        supernet: where the weights come from; they are copied.
        genome: the architecture.
        found: statistics of its normalisations.
        ends: PreNet and PostNet to put around it, not copied.
        data_format: the layout of the ends.
    """
    space = supernet.space
    candidates = space.decode(genome)
    body = build_body(candidates, space.layers[0].in_shape)
    every = (tensor for candidate in candidates for tensor in tensors(candidate.program))
    for tensor, (slot, variable) in zip(every, learned_tensors(body, candidates), strict=True):
        where = slot_layout(part(space.slots[slot].shape, tensor.shape))
        variable.assign(from_slot(supernet.slots[slot][where], variable))
    flat = [value for layer in found for value in layer]
    means, variances = flat[::2], flat[1::2]
    for (_, mean, variance), m, v in zip(
        statistics_of(body, candidates), means, variances, strict=True
    ):
        mean.assign(m)
        variance.assign(v)
    return Network(ends[0], body, ends[1], space.taps, data_format)
