"""Copies weights between the supernet and the stand-alone Keras network of an architecture."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.network.layers import (
    Network,
    build_body,
    from_slot,
    learned_tensors,
)
from nasea.backends.tensorflow.network.layers import (
    statistics as statistics_of,
)
from nasea.backends.tensorflow.network.operations import slot_layout
from nasea.backends.tensorflow.network.supernet import Statistics, Supernet
from nasea.backends.tensorflow.user.variables import gathered, raw
from nasea.space import Genome, part, tensors


def assemble(
    supernet: Supernet,
    genome: Genome,
    found: Statistics,
    user_networks: tuple[Any, Any],
    data_format: DataFormat,
) -> Network:
    """Make the stand-alone network of an architecture.

    Args:
        supernet: the supernet whose weights are copied.
        genome: the architecture.
        found: the statistics of its normalisations.
        user_networks: the PreNet and PostNet to use, not copied.
        data_format: the layout of PreNet and PostNet.
    """
    space = supernet.space
    candidates = space.decode(genome)
    body = build_body(candidates, space.layers[0].in_shape, initialised=False)
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
    return Network(user_networks[0], body, user_networks[1], space.taps, data_format)


def adopt(
    supernet: Supernet, genome: Genome, user_networks: tuple[Any, Any], network: Network
) -> None:
    """Copy the weights of a stand-alone network into the supernet, in place.

    The inverse of :func:`assemble`, but without the statistics of the body: a supernet has none.

    Args:
        supernet: the supernet to write to.
        genome: the architecture.
        user_networks: PreNet and PostNet of the supernet, which get the weights and statistics
            of PreNet and PostNet in the network.
        network: the network to read from.
    """
    candidates = supernet.space.decode(genome)
    every = (tensor for candidate in candidates for tensor in tensors(candidate.program))
    pairs = zip(every, learned_tensors(network.body, candidates), strict=True)
    for tensor, (slot, variable) in pairs:
        where = slot_layout(part(supernet.space.slots[slot].shape, tensor.shape))
        supernet.slots[slot][where].assign(tf.reshape(raw(variable), slot_layout(tensor.shape)))
    for mine, theirs in zip(user_networks, (network.pre_net, network.post_net), strict=True):
        both = gathered(mine, "variables"), gathered(theirs, "variables")
        for variable, value in zip(*both, strict=True):
            if variable.dtype.is_floating:  # not the state of a random generator
                variable.assign(value)
